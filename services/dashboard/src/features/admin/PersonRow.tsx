import Block from "@mui/icons-material/Block";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import { CheckIcon, WarnIcon } from "../../components/icons";
import { Moment } from "../../components/Moment";
import { useWords } from "../../words/Words";
import type { Person, Quota } from "./queries";
import { Sign } from "./Sign";

export type Act = "quota" | "bar" | "admit" | "logout";

type Props = { person: Person; onAct: (act: Act) => void };

/** One person: what they may, what they hold, and what can be done about it. */
export function PersonRow({ person, onAct }: Props) {
  const t = useWords();
  const acts: Act[] = ["quota", person.barred === null ? "bar" : "admit", "logout"];
  return (
    <TableRow>
      <TableCell component="th" scope="row" sx={{ overflowWrap: "anywhere", minWidth: 200 }}>
        {person.shown_name}
        <Typography variant="caption" component="div" color="textSecondary">
          {person.email ?? person.name}
        </Typography>
      </TableCell>
      <TableCell>{t(`common.role.${person.role}`)}</TableCell>
      <TableCell>
        <Moment at={person.last_login_at} />
      </TableCell>
      <TableCell sx={{ whiteSpace: "nowrap" }}>
        <Limits quota={person.quota} />
        <Typography variant="caption" component="div" color="textSecondary">
          {person.held === null ? t("admin.people.heldUnknown") : t("admin.people.held", person.held)}
        </Typography>
      </TableCell>
      <TableCell sx={{ minWidth: 140 }}>
        <Admission person={person} />
      </TableCell>
      <TableCell>
        <Stack direction="row">
          {acts.map((act) => (
            <Button
              key={act}
              size="small"
              color={act === "bar" ? "error" : "primary"}
              aria-label={t("admin.named", { action: t(`admin.people.${act}`), name: person.name })}
              onClick={() => onAct(act)}
            >
              {t(`admin.people.${act}`)}
            </Button>
          ))}
        </Stack>
      </TableCell>
    </TableRow>
  );
}

/** How much may be held at once; null is no limit. */
function Limits({ quota: { containers, gpus } }: { quota: Quota }) {
  const t = useWords();
  if (containers === null && gpus === null) return t("admin.people.noLimit");
  if (containers === null) return t("admin.people.limitGpus", { gpus: gpus ?? 0 });
  return gpus === null
    ? t("admin.people.limitContainers", { containers })
    : t("admin.people.limitBoth", { containers, gpus });
}

function Admission({ person: { barred, refused } }: { person: Person }) {
  const t = useWords();
  if (barred !== null) return <Sign icon={Block} color="error" word={t("admin.people.barred")} hint={barred} />;
  if (refused !== null) return <Sign icon={WarnIcon} color="warning" word={t("admin.people.refused")} hint={refused} />;
  return <Sign icon={CheckIcon} color="success" word={t("admin.people.admitted")} />;
}

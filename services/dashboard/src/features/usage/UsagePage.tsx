import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { meQuery } from "../../api/queries";
import { Loaded } from "../../components/Loaded";
import { PageTitle } from "../../components/PageTitle";
import { useFormat } from "../../words/format";
import { useWords } from "../../words/Words";
import { Part } from "./Part";
import { byMachine, byPerson, RANGES, type Range, total, type Usage, usageQuery } from "./queries";
import { Summary } from "./Summary";

const isRange = (text: string | null): text is Range => RANGES.some((range) => range === text);

/** Who held GPUs and how much of that time they were used, by person and by machine. */
export function UsagePage() {
  const t = useWords();
  const [search, setSearch] = useSearchParams();
  const asked = search.get("range");
  const range = isRange(asked) ? asked : "7d";
  const usage = useQuery(usageQuery(range));
  const old = usage.isPlaceholderData || usage.isError;
  return (
    <Stack spacing={2}>
      <PageTitle
        action={
          <ToggleButtonGroup
            exclusive
            size="small"
            value={range}
            aria-label={t("usage.range")}
            onChange={(_, chosen: Range | null) => chosen && setSearch({ range: chosen }, { replace: true })}
          >
            {RANGES.map((each) => (
              <ToggleButton key={each} value={each} sx={{ px: 2, minHeight: 44 }}>
                {t(`usage.range.${each}`)}
              </ToggleButton>
            ))}
          </ToggleButtonGroup>
        }
      >
        {t("usage.title")}
      </PageTitle>
      <Typography color="textSecondary" sx={{ maxWidth: "75ch" }}>
        {t("usage.intro")}
      </Typography>
      <Loaded query={usage}>
        {(known) => (
          <Box aria-busy={usage.isPlaceholderData} sx={{ opacity: old ? 0.6 : 1 }}>
            <Known usage={known} />
          </Box>
        )}
      </Loaded>
    </Stack>
  );
}

function Known({ usage }: { usage: Usage }) {
  const t = useWords();
  const me = useQuery(meQuery()).data?.user.name ?? null;
  const people = byPerson(usage);
  if (usage.recorded_from === null) return <Alert severity="info">{t("usage.unrecorded")}</Alert>;
  return (
    <Stack spacing={3}>
      <Recorded usage={usage} since={usage.recorded_from} />
      <Summary mine={people.find((row) => row.name === me) ?? { held: 0, used: 0 }} all={total(people)} />
      <Part
        title={t("usage.byPerson")}
        column={t("usage.person")}
        rows={people}
        mine={me}
        none={t("usage.nobody")}
        spelledNames
      />
      <Part
        title={t("usage.byMachine")}
        column={t("usage.machine")}
        rows={byMachine(usage)}
        mine={null}
        none={t("usage.noMachines")}
      />
    </Stack>
  );
}

/** What time the sums are of; records that begin later than the range are said to. */
function Recorded({ usage: { from, to }, since }: { usage: Usage; since: string }) {
  const t = useWords();
  const f = useFormat();
  const late = Date.parse(since) > Date.parse(from) + 60_000;
  return late ? (
    <Alert severity="info" variant="outlined">
      {t("usage.recorded", { since: f.moment(since), to: f.moment(to) })}
    </Alert>
  ) : (
    <Typography variant="body2" color="textSecondary">
      {t("usage.period", { from: f.moment(from), to: f.moment(to) })}
    </Typography>
  );
}

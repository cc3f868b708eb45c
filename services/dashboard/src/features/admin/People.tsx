import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { DataTable } from "../../components/DataTable";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Problem } from "../../components/Problem";
import { ReasonDialog } from "../../components/ReasonDialog";
import { messages, roleWords } from "../../messages";
import { QuotaDialog } from "./QuotaDialog";
import { barMutation, logoutMutation, type Person, peopleQuery, type Quota, quotaMutation } from "./queries";

const words = messages.admin.people;

type Act = "quota" | "bar" | "admit" | "logout";
type Asked = { act: Act; person: Person };

/** Everybody who logged in at least once. */
export function People() {
  const everybody = useQuery(peopleQuery());
  const client = useQueryClient();
  const quota = useMutation(quotaMutation(client));
  const bar = useMutation(barMutation(client));
  const logout = useMutation(logoutMutation(client));
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const name = asked?.person.name ?? "";
  return (
    <>
      {[quota, bar, logout].map(
        (each, index) => each.error && <Problem key={["quota", "bar", "logout"][index]} error={each.error} />,
      )}
      <Loaded query={everybody}>
        {(people) => (
          <DataTable
            label={words.title}
            columns={[words.person, words.role, words.lastLogin, words.quota, words.state, messages.tokens.actions]}
          >
            {people.map((person) => (
              <PersonRow key={person.name} person={person} onAct={(act) => setAsked({ act, person })} />
            ))}
          </DataTable>
        )}
      </Loaded>
      {asked?.act === "quota" && (
        <QuotaDialog
          person={asked.person}
          onSet={(wanted) => {
            quota.mutate({ name, quota: wanted });
            close();
          }}
          onClose={close}
        />
      )}
      {asked?.act === "bar" && (
        <ReasonDialog
          title={words.barTitle(name)}
          text={words.barText}
          confirm={words.bar}
          onConfirm={(reason) => {
            bar.mutate({ name, barred: true, reason });
            close();
          }}
          onClose={close}
        />
      )}
      <ConfirmDialog
        open={asked?.act === "logout"}
        title={words.logoutTitle(name)}
        text={words.logoutText}
        confirm={messages.logOutEverywhere}
        onConfirm={() => {
          logout.mutate(name);
          close();
        }}
        onClose={close}
      />
      <ConfirmDialog
        open={asked?.act === "admit"}
        title={words.admitTitle(name)}
        text={words.admitText}
        confirm={words.admit}
        onConfirm={() => {
          bar.mutate({ name, barred: false });
          close();
        }}
        onClose={close}
      />
    </>
  );
}

/** "2 containers, any GPUs". */
const limits = ({ containers, gpus }: Quota) =>
  containers === null && gpus === null ? words.noLimit : words.limits(containers ?? words.any, gpus ?? words.any);

function stateOf({ barred, refused }: Person): string {
  if (barred !== null) return words.barred(barred);
  return refused === null ? words.admitted : words.refused(refused);
}

function PersonRow({ person, onAct }: { person: Person; onAct: (act: Act) => void }) {
  const barred = person.barred !== null;
  const acts: { act: Act; word: string }[] = [
    { act: "quota", word: words.quota },
    barred ? { act: "admit", word: words.admit } : { act: "bar", word: words.bar },
    { act: "logout", word: messages.logOutEverywhere },
  ];
  return (
    <TableRow>
      <TableCell sx={{ overflowWrap: "anywhere", minWidth: 220 }}>
        {person.shown_name}
        <Typography variant="caption" component="div" color="textSecondary">
          {person.email ?? person.name}
        </Typography>
      </TableCell>
      <TableCell>{roleWords[person.role]}</TableCell>
      <TableCell>
        <Moment at={person.last_login_at} />
      </TableCell>
      <TableCell sx={{ whiteSpace: "nowrap" }}>
        {limits(person.quota)}
        {person.held !== null && (
          <Typography variant="caption" component="div" color="textSecondary">
            {words.held(person.held.containers, person.held.gpus)}
          </Typography>
        )}
      </TableCell>
      <TableCell sx={{ overflowWrap: "anywhere", minWidth: 140 }}>{stateOf(person)}</TableCell>
      <TableCell>
        <Stack direction="row">
          {acts.map(({ act, word }) => (
            <Button
              key={act}
              size="small"
              color={act === "bar" ? "error" : "primary"}
              aria-label={`${word}: ${person.name}`}
              onClick={() => onAct(act)}
            >
              {word}
            </Button>
          ))}
        </Stack>
      </TableCell>
    </TableRow>
  );
}

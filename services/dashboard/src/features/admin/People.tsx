import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { DataTable } from "../../components/DataTable";
import { Loaded } from "../../components/Loaded";
import { ReasonDialog } from "../../components/ReasonDialog";
import { useWords } from "../../words/Words";
import { Listing } from "./Listing";
import { Outcome } from "./Outcome";
import { type Act, PersonRow } from "./PersonRow";
import { QuotaDialog } from "./QuotaDialog";
import { barMutation, logoutMutation, type Person, peopleQuery, quotaMutation } from "./queries";

const COLUMNS = ["person", "role", "lastLogin", "quota", "state", "actions"] as const;

type Asked = { act: Act; person: Person };

/** Everybody who logged in at least once. */
export function People() {
  const t = useWords();
  const everybody = useQuery(peopleQuery());
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <>
      <Loaded query={everybody}>
        {(people) => (
          <Listing
            rows={people}
            textOf={({ name, shown_name, email }) => `${name} ${shown_name} ${email ?? ""}`}
            search={t("admin.people.search")}
            none={t("admin.people.none")}
          >
            {(shown) => (
              <DataTable label={t("admin.part.people")} columns={COLUMNS.map((column) => t(`admin.people.${column}`))}>
                {shown.map((person) => (
                  <PersonRow key={person.name} person={person} onAct={(act) => setAsked({ act, person })} />
                ))}
              </DataTable>
            )}
          </Listing>
        )}
      </Loaded>
      <Acts asked={asked} onClose={() => setAsked(null)} />
    </>
  );
}

/** Asks before something is changed for a person, and says what came of it. */
function Acts({ asked, onClose }: { asked: Asked | null; onClose: () => void }) {
  const t = useWords();
  const client = useQueryClient();
  const quota = useMutation(quotaMutation(client));
  const bar = useMutation(barMutation(client));
  const logout = useMutation(logoutMutation(client));
  const name = asked?.person.name ?? "";
  const done =
    <Args extends unknown[]>(act: (...args: Args) => void) =>
    (...args: Args) => {
      act(...args);
      onClose();
    };
  return (
    <>
      <Outcome of={quota} />
      <Outcome of={bar} />
      <Outcome of={logout} />
      {asked?.act === "quota" && (
        <QuotaDialog
          person={asked.person}
          onSet={done((wanted) => quota.mutate({ name, quota: wanted }))}
          onClose={onClose}
        />
      )}
      {asked?.act === "bar" && (
        <ReasonDialog
          title={t("admin.people.barTitle", { name })}
          text={t("admin.people.barText")}
          confirm={t("admin.people.bar")}
          onConfirm={done((reason) => bar.mutate({ name, barred: true, reason }))}
          onClose={onClose}
        />
      )}
      <ConfirmDialog
        open={asked?.act === "logout"}
        title={t("admin.people.logoutTitle", { name })}
        text={t("admin.people.logoutText")}
        confirm={t("admin.people.logout")}
        onConfirm={done(() => logout.mutate(name))}
        onClose={onClose}
      />
      <ConfirmDialog
        open={asked?.act === "admit"}
        title={t("admin.people.admitTitle", { name })}
        text={t("admin.people.admitText")}
        confirm={t("admin.people.admit")}
        onConfirm={done(() => bar.mutate({ name, barred: false }))}
        onClose={onClose}
      />
    </>
  );
}

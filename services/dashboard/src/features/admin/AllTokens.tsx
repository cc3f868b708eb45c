import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { spelled } from "../../components/format";
import { Loaded } from "../../components/Loaded";
import { TokenTable } from "../../components/TokenTable";
import { useWords } from "../../words/Words";
import { Listing } from "./Listing";
import { Outcome } from "./Outcome";
import { allTokensQuery, revokeMutation } from "./queries";

/** Everybody's API tokens. */
export function AllTokens() {
  const t = useWords();
  const tokens = useQuery(allTokensQuery());
  const revoke = useMutation(revokeMutation(useQueryClient()));
  return (
    <>
      <Outcome of={revoke} />
      <Loaded query={tokens}>
        {(all) => (
          <Listing
            rows={all}
            textOf={({ owner, label, id }) => `${spelled(owner)} ${owner} ${label} ${id}`}
            search={t("admin.tokens.search")}
            none={t("admin.tokens.none")}
          >
            {(shown) => <TokenTable ofEverybody tokens={shown} onRevoke={revoke.mutate} />}
          </Listing>
        )}
      </Loaded>
    </>
  );
}

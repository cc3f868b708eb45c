import Alert from "@mui/material/Alert";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Loaded } from "../../components/Loaded";
import { Problem } from "../../components/Problem";
import { TokenTable } from "../../components/TokenTable";
import { messages } from "../../messages";
import { allTokensQuery, revokeMutation } from "./queries";

/** Everybody's API tokens. */
export function AllTokens() {
  const tokens = useQuery(allTokensQuery());
  const revoke = useMutation(revokeMutation(useQueryClient()));
  return (
    <>
      {revoke.isError && <Problem error={revoke.error} />}
      <Loaded query={tokens}>
        {(all) =>
          all.length === 0 ? (
            <Alert severity="info">{messages.admin.noTokens}</Alert>
          ) : (
            <TokenTable ofEverybody tokens={all} onRevoke={revoke.mutate} />
          )
        }
      </Loaded>
    </>
  );
}

import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Loaded } from "../../components/Loaded";
import { PageTitle } from "../../components/PageTitle";
import { Problem } from "../../components/Problem";
import { TokenTable } from "../../components/TokenTable";
import { messages } from "../../messages";
import { CreateDialog } from "./CreateDialog";
import { revokeMutation, tokensQuery } from "./queries";

const words = messages.tokens;

/** One's own API tokens: what they may, when they end, and who used them last. */
export function TokensPage() {
  const tokens = useQuery(tokensQuery());
  const revoke = useMutation(revokeMutation(useQueryClient()));
  const [creating, setCreating] = useState(false);
  return (
    <Stack spacing={2}>
      <PageTitle
        action={
          <Button variant="contained" onClick={() => setCreating(true)}>
            {words.create}
          </Button>
        }
      >
        {words.title}
      </PageTitle>
      <Typography color="textSecondary">{words.intro}</Typography>
      {revoke.isError && <Problem error={revoke.error} />}
      <Loaded query={tokens}>
        {(own) =>
          own.length === 0 ? (
            <Alert severity="info">{words.none}</Alert>
          ) : (
            <TokenTable tokens={own} onRevoke={revoke.mutate} />
          )
        }
      </Loaded>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </Stack>
  );
}

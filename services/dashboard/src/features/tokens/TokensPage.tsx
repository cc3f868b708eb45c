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
import { useWords } from "../../words/Words";
import { CreateDialog } from "./CreateDialog";
import { revokeMutation, tokensQuery } from "./queries";

/** One's own API tokens: what they may, when they end, and who used them last. */
export function TokensPage() {
  const t = useWords();
  const tokens = useQuery(tokensQuery());
  const revoke = useMutation(revokeMutation(useQueryClient()));
  const [creating, setCreating] = useState(false);
  return (
    <Stack spacing={2}>
      <PageTitle
        action={
          <Button variant="contained" onClick={() => setCreating(true)}>
            {t("tokens.create")}
          </Button>
        }
      >
        {t("common.tokens.title")}
      </PageTitle>
      <Typography color="textSecondary">{t("tokens.intro")}</Typography>
      {revoke.isError && <Problem error={revoke.error} />}
      <Loaded query={tokens}>
        {(own) =>
          own.length === 0 ? (
            <Alert severity="info">{t("tokens.none")}</Alert>
          ) : (
            <TokenTable tokens={own} onRevoke={revoke.mutate} />
          )
        }
      </Loaded>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </Stack>
  );
}

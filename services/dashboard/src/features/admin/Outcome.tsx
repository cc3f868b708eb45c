import Box from "@mui/material/Box";
import Snackbar from "@mui/material/Snackbar";
import { Problem } from "../../components/Problem";
import { useWords } from "../../words/Words";
import { Close } from "./Close";

type Mutation = { error: Error | null; isSuccess: boolean; reset: () => void };

/** What came of a change: that it is done, or, until it is closed, why not; seen wherever one is in a long list. */
export function Outcome({ of: { error, isSuccess, reset } }: { of: Mutation }) {
  const t = useWords();
  return error === null ? (
    <Snackbar open={isSuccess} autoHideDuration={6_000} onClose={reset} message={t("admin.done")} />
  ) : (
    <Snackbar open onClose={(_, why) => why === "escapeKeyDown" && reset()}>
      <Box sx={{ width: "100%", maxWidth: 600 }}>
        <Problem error={error} action={<Close onClick={reset} />} />
      </Box>
    </Snackbar>
  );
}

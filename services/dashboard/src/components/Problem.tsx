import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Typography from "@mui/material/Typography";
import { ApiError } from "../api/client";
import { messages } from "../messages";
import { languageOf, worded } from "./problemWords";

function reasonsOf(error: ApiError): [string, string][] {
  const reasons = error.parameters.reasons;
  return typeof reasons === "object" && reasons !== null ? Object.entries(reasons).map(([k, v]) => [k, String(v)]) : [];
}

/** What would fit instead, in sentences. */
function offersOf(error: ApiError): string[] {
  const offers = error.parameters.offers;
  return Array.isArray(offers) ? offers.map((offer: { text?: unknown }) => String(offer.text)) : [];
}

/** An error as people read it, in their language: what happened, whose data is safe, what to do now, and the code. */
export function Problem({ error }: { error: Error }) {
  if (!(error instanceof ApiError)) {
    return <Alert severity="error">{messages.brokenHint}</Alert>;
  }
  const words = worded(error, languageOf(navigator.language));
  return (
    <Alert severity={error.status === 409 ? "warning" : "error"} lang={words.language}>
      <AlertTitle>{words.title}</AlertTitle>
      {words.detail}
      {words.more !== null && (
        <Typography lang="en" variant="body2">
          {words.more}
        </Typography>
      )}
      {reasonsOf(error).map(([machine, reason]) => (
        <Typography key={machine} lang="en" variant="body2">
          <strong>{machine}</strong>: {reason}
        </Typography>
      ))}
      {offersOf(error).map((offer) => (
        <Typography key={offer} lang="en" variant="body2" sx={{ mt: 0.5 }}>
          {messages.offer} {offer}
        </Typography>
      ))}
      <Typography variant="caption" component="p" sx={{ mt: 0.5 }}>
        {error.code}
      </Typography>
    </Alert>
  );
}

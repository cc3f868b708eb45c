import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";
import { ApiError, type Schemas } from "../api/client";
import type { Language } from "../words/language";
import { type Translate, useLanguage, useWords } from "../words/Words";
import { offerWords, ruleWords, type Sentence, unanswered, type Worded, worded } from "./problemWords";

type Explained = Partial<Schemas["Explanation"]> & { reasons?: Record<string, string> };

/** Why not, machine by machine: by the rule's code where the API tells it, else in its own English. */
function reasonsOf(told: Explained, language: Language, t: Translate): [string, Sentence][] {
  const rules = new Map(told.machines?.map(({ name, misfit }) => [name, misfit]));
  return Object.entries(told.reasons ?? {}).map(([machine, text]) => {
    const misfit = rules.get(machine);
    return [machine, misfit ? ruleWords(misfit, language, t) : { text, language: "en" }];
  });
}

function wordsOf(error: ApiError, language: Language, t: Translate): Worded {
  if (!unanswered(error)) return worded(error, language);
  return { title: t("common.unreachable"), detail: t("common.unreachable.detail"), language, more: null };
}

type Props = { error: Error; action?: ReactNode; children?: ReactNode };

/** An error as people read it, in their language: what happened, whose data is safe, what to do now, and the code. */
export function Problem({ error, action, children }: Props) {
  const t = useWords();
  const language = useLanguage();
  if (!(error instanceof ApiError)) {
    return (
      <Alert severity="error" action={action}>
        <AlertTitle>{t("common.unexpected")}</AlertTitle>
        {t("common.brokenHint")}
        {children}
      </Alert>
    );
  }
  const words = wordsOf(error, language, t);
  const told = error.parameters as Explained;
  return (
    <Alert severity={error.status === 409 ? "warning" : "error"} lang={words.language} action={action}>
      <AlertTitle>{words.title}</AlertTitle>
      {words.detail}
      {children}
      {words.more !== null && (
        <Typography lang="en" variant="body2">
          {words.more}
        </Typography>
      )}
      {reasonsOf(told, language, t).map(([machine, reason]) => (
        <Typography key={machine} lang={reason.language} variant="body2">
          <strong>{machine}</strong>: {reason.text}
        </Typography>
      ))}
      {(told.offers ?? [])
        .map((offer) => offerWords(offer, language, t))
        .map((offer) => (
          <Typography key={offer.text} variant="body2" sx={{ mt: 0.5 }}>
            {t("common.offer")} <span lang={offer.language}>{offer.text}</span>
          </Typography>
        ))}
      <Typography variant="caption" component="p" sx={{ mt: 0.5 }}>
        {error.code}
      </Typography>
    </Alert>
  );
}

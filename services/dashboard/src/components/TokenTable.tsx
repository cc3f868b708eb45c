import Button from "@mui/material/Button";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useWords } from "../words/Words";
import { ConfirmDialog } from "./ConfirmDialog";
import { DataTable } from "./DataTable";
import { Moment } from "./Moment";

type Token = Schemas["Token"];
type Props = { tokens: Token[]; ofEverybody?: boolean; onRevoke: (token: Token) => void };

/** API tokens with the way to end them; `ofEverybody` names their owners. */
export function TokenTable({ tokens, ofEverybody = false, onRevoke }: Props) {
  const [asked, setAsked] = useState<Token | null>(null);
  const t = useWords();
  const columns = (["label", "scopes", "created", "expires", "lastUsed", "actions"] as const).map((column) =>
    t(`common.tokens.${column}`),
  );
  return (
    <>
      <DataTable
        label={t("common.tokens.title")}
        columns={ofEverybody ? [t("common.tokens.owner"), ...columns] : columns}
      >
        {tokens.map((token) => (
          <TableRow key={token.id}>
            {ofEverybody && <TableCell>{token.owner}</TableCell>}
            <TableCell sx={{ overflowWrap: "anywhere", minWidth: 120 }}>
              {token.label}
              <Typography variant="caption" component="div" color="textSecondary">
                {token.id}
              </Typography>
            </TableCell>
            <TableCell>{token.scopes.map((scope) => t(`common.scope.${scope}`)).join(", ")}</TableCell>
            <TableCell>
              <Moment at={token.created_at} />
            </TableCell>
            <TableCell>
              <Moment at={token.expires_at} />
            </TableCell>
            <TableCell>
              {token.last_used_at === null ? t("common.tokens.never") : <Moment at={token.last_used_at} />}
              {token.last_used_from !== null && (
                <Typography variant="caption" component="div" color="textSecondary">
                  {t("common.tokens.from", { address: token.last_used_from })}
                </Typography>
              )}
            </TableCell>
            <TableCell>
              {token.state !== "active" ? (
                t(`common.tokens.${token.state}`)
              ) : (
                <Button
                  size="small"
                  color="error"
                  aria-label={t("common.tokens.revokeNamed", { label: token.label })}
                  onClick={() => setAsked(token)}
                >
                  {t("common.tokens.revoke")}
                </Button>
              )}
            </TableCell>
          </TableRow>
        ))}
      </DataTable>
      <ConfirmDialog
        open={asked !== null}
        title={t("common.tokens.revokeTitle", { label: asked?.label ?? "" })}
        text={t("common.tokens.revokeText")}
        confirm={t("common.tokens.revokeConfirm")}
        onConfirm={() => {
          if (asked) onRevoke(asked);
          setAsked(null);
        }}
        onClose={() => setAsked(null)}
      />
    </>
  );
}

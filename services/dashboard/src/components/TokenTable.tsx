import Button from "@mui/material/Button";
import TableCell from "@mui/material/TableCell";
import TableRow from "@mui/material/TableRow";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { messages, scopeWords } from "../messages";
import { ConfirmDialog } from "./ConfirmDialog";
import { DataTable } from "./DataTable";
import { Moment } from "./Moment";

type Token = Schemas["Token"];
type Props = { tokens: Token[]; ofEverybody?: boolean; onRevoke: (token: Token) => void };

const words = messages.tokens;

/** API tokens with the way to end them; `ofEverybody` names their owners. */
export function TokenTable({ tokens, ofEverybody = false, onRevoke }: Props) {
  const [asked, setAsked] = useState<Token | null>(null);
  const columns = [words.label, words.scopes, words.created, words.expires, words.lastUsed, words.actions];
  return (
    <>
      <DataTable label={words.title} columns={ofEverybody ? [words.owner, ...columns] : columns}>
        {tokens.map((token) => (
          <TableRow key={token.id}>
            {ofEverybody && <TableCell>{token.owner}</TableCell>}
            <TableCell sx={{ overflowWrap: "anywhere", minWidth: 120 }}>
              {token.label}
              <Typography variant="caption" component="div" color="textSecondary">
                {token.id}
              </Typography>
            </TableCell>
            <TableCell>{token.scopes.map((scope) => scopeWords[scope].name).join(", ")}</TableCell>
            <TableCell>
              <Moment at={token.created_at} />
            </TableCell>
            <TableCell>
              <Moment at={token.expires_at} />
            </TableCell>
            <TableCell>
              {token.last_used_at === null ? words.never : <Moment at={token.last_used_at} />}
              {token.last_used_from !== null && (
                <Typography variant="caption" component="div" color="textSecondary">
                  {words.from(token.last_used_from)}
                </Typography>
              )}
            </TableCell>
            <TableCell>
              {token.state !== "active" ? (
                words.ended[token.state]
              ) : (
                <Button
                  size="small"
                  color="error"
                  aria-label={words.revokeNamed(token.label)}
                  onClick={() => setAsked(token)}
                >
                  {words.revoke}
                </Button>
              )}
            </TableCell>
          </TableRow>
        ))}
      </DataTable>
      <ConfirmDialog
        open={asked !== null}
        title={words.revokeTitle(asked?.label ?? "")}
        text={words.revokeText}
        confirm={words.revokeConfirm}
        onConfirm={() => {
          if (asked) onRevoke(asked);
          setAsked(null);
        }}
        onClose={() => setAsked(null)}
      />
    </>
  );
}

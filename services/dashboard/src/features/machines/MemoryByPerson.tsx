import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { bytes, share } from "../../components/format";
import { messages } from "../../messages";
import type { Gpu } from "./queries";
import { shares } from "./shares";

const COLORS = ["primary.main", "secondary.main", "success.main", "info.main"];
const NOBODYS = "text.disabled";

/** Whose the memory of a GPU is: a bar of its shares, and each with its name. Nothing where nothing is in use. */
export function MemoryByPerson({ gpu }: { gpu: Gpu }) {
  const parts = shares(gpu).map((part, index) => ({
    ...part,
    color: part.person ? COLORS[index % COLORS.length] : NOBODYS,
    wide: share(part.bytes, gpu.memory_total_bytes),
  }));
  if (!gpu.users_known && gpu.memory_used_bytes) {
    return (
      <Typography variant="caption" color="textSecondary">
        {messages.usersUnknown}
      </Typography>
    );
  }
  if (parts.length === 0) return null;
  return (
    <Box sx={{ mt: 0.5 }}>
      <Box
        aria-hidden
        sx={{ display: "flex", height: 6, borderRadius: 3, overflow: "hidden", bgcolor: "action.hover" }}
      >
        {parts.map((part) => (
          <Box key={part.key} sx={{ width: `${(part.wide ?? 0) * 100}%`, bgcolor: part.color }} />
        ))}
      </Box>
      <Box component="ul" aria-label={messages.memoryBy} sx={{ m: 0, p: 0, listStyle: "none" }}>
        {parts.map((part) => (
          <Typography
            component="li"
            variant="caption"
            key={part.key}
            title={part.hint}
            sx={{ display: "flex", justifyContent: "space-between", gap: 1 }}
          >
            <Box component="span" sx={{ overflowWrap: "anywhere", minWidth: 0 }}>
              <Box component="span" aria-hidden sx={{ color: part.color }}>
                ■{" "}
              </Box>
              {part.who}
            </Box>
            <Box component="span" sx={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
              {part.bytes === null ? messages.dash : bytes(part.bytes)}
            </Box>
          </Typography>
        ))}
      </Box>
    </Box>
  );
}

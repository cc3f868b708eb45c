import Box from "@mui/material/Box";

/** Keys as they are engraved, one after the other. */
export function Keys({ keys }: { keys: readonly string[] }) {
  return keys.map((key, index) => (
    <Box
      // biome-ignore lint/suspicious/noArrayIndexKey: the same key may come twice, and their order never changes
      key={index}
      component="kbd"
      translate="no"
      sx={{
        display: "inline-block",
        minWidth: "1.6em",
        mx: 0.25,
        px: 0.75,
        border: 1,
        borderColor: "divider",
        borderBottomWidth: 2,
        borderRadius: 1,
        fontFamily: "inherit",
        fontSize: "0.8em",
        lineHeight: 1.6,
        textAlign: "center",
        color: "text.secondary",
        whiteSpace: "nowrap",
      }}
    >
      {key}
    </Box>
  ));
}

/** What opens the palette, as this keyboard engraves it. */
export const paletteKeys = (platform = navigator.platform): string[] =>
  /mac|iphone|ipad/i.test(platform) ? ["⌘", "K"] : ["Ctrl", "K"];

/** How old values look: grey, and as easy to read as new ones. */
export const OLD = { filter: "grayscale(1)" } as const;

/** Leaving this page, in one place, so that tests see where to. */
export const browser = {
  goTo: (address: string) => window.location.assign(address),
};

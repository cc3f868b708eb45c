/** Leaving this page, in one place, so that tests see where to. */
export const browser = {
  goTo: (address: string) => window.location.assign(address),
};

/** What this page's own styles bring so that the door's policy lets them in; none: a page that no door sent. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;

/** Leaving this page, in one place, so that tests see where to. */
export const browser = {
  goTo: (address: string) => window.location.assign(address),

  /** Open `address` in a tab that knows nothing of this page; false: the browser did not allow it. */
  openTab: (address: string): boolean => {
    const tab = window.open("about:blank", "_blank");
    if (tab === null) return false;
    tab.opener = null;
    tab.location.replace(new URL(address, window.location.href));
    return true;
  },
};

/** What this page's own styles bring so that the door's policy lets them in; none: a page that no door sent. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;

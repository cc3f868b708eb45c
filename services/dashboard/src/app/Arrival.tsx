import { useEffect, useRef } from "react";
import { useLocation, useNavigationType } from "react-router";
import { useWords } from "../words/Words";
import { nameOf, roomOf } from "./places";

export const MAIN_ID = "main";

/** The document's title, and the focus at the top of a page that one goes to, for those who do not see it change. */
export function Arrival() {
  const t = useWords();
  const { pathname } = useLocation();
  const kind = useNavigationType();
  const room = roomOf(pathname);
  const last = useRef(room);
  const name = nameOf(pathname);
  const title = name === null ? t("common.appName") : t("frame.title", { page: t(name) });

  useEffect(() => {
    document.title = title;
  }, [title]);

  useEffect(() => {
    if (last.current === room) return; // a part of the same page keeps its focus, and so does the first page
    last.current = room;
    const main = document.getElementById(MAIN_ID);
    if (!main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
    if (kind !== "POP") window.scrollTo(0, 0);
  }, [room, kind]);
  return null;
}

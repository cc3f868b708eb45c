import { useQuery } from "@tanstack/react-query";
import { createContext, lazy, type ReactNode, Suspense, use, useCallback, useEffect, useMemo, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { meQuery } from "../api/queries";
import { mainPlaces } from "./places";
import { activate, type Command, focusOn, KeyReader, keepSingles, meant, type Press, singlesWanted } from "./shortcuts";

// Fetched when they are opened: most visits need neither.
const Palette = lazy(async () => ({ default: (await import("./Palette")).Palette }));
const ShortcutHelp = lazy(async () => ({ default: (await import("./ShortcutHelp")).ShortcutHelp }));

type Keyboard = {
  /** Do what a key would. */
  run: (command: Command) => void;
  /** Whether single keys do anything. */
  singles: boolean;
  setSingles: (wanted: boolean) => void;
};

const KeyboardContext = createContext<Keyboard>({ run: () => undefined, singles: true, setSingles: () => undefined });

/** What the keyboard does, for buttons that do the same. */
export const useKeyboard = () => use(KeyboardContext);

/** Listens to the keys of every page, and holds the two dialogs that they open. */
export function Keyboard({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<"palette" | "help" | null>(null);
  const [singles, setKept] = useState(singlesWanted);
  const admin = useQuery(meQuery()).data?.user.role === "admin";
  const press = usePress();
  const navigate = useNavigate();

  const run = useCallback(
    (command: Command) => {
      if (command === "palette" || command === "help") setShown(command);
      else if (command.startsWith("/")) navigate(command);
      else press(command as Press);
    },
    [navigate, press],
  );

  useEffect(() => {
    const reader = new KeyReader(
      new Map(mainPlaces(admin).flatMap(({ letter, to }) => (letter ? [[letter, to]] : []))),
    );
    const listen = (event: KeyboardEvent) => {
      const command = event.defaultPrevented ? null : reader.read(event, singles);
      if (command === null) return;
      event.preventDefault();
      run(command);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [admin, singles, run]);

  const setSingles = useCallback((wanted: boolean) => {
    keepSingles(wanted);
    setKept(wanted);
  }, []);
  const keyboard = useMemo(() => ({ run, singles, setSingles }), [run, singles, setSingles]);
  const close = () => setShown(null);
  return (
    <KeyboardContext value={keyboard}>
      {children}
      <Suspense>
        {shown === "palette" && <Palette admin={admin} onClose={close} />}
        {shown === "help" && <ShortcutHelp admin={admin} onClose={close} />}
      </Suspense>
    </KeyboardContext>
  );
}

/** Use the element that a shortcut means; from another page go home and only focus it there, to be looked at first. */
function usePress(): (press: Press) => void {
  const navigate = useNavigate();
  const location = useLocation();
  const away = location.pathname !== "/";
  const awaited: Press | undefined = location.state?.press;

  useEffect(() => {
    if (awaited === undefined) return;
    const look = () => {
      const element = meant(awaited);
      if (element === null) return;
      watch.disconnect();
      focusOn(element);
    };
    const watch = new MutationObserver(look); // the page comes later than its address
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled", "data-shortcut"] });
    look();
    return () => watch.disconnect();
  }, [awaited]);

  return useCallback(
    (press: Press) => {
      const element = meant(press);
      if (element) activate(element);
      else if (away) navigate("/", { state: { press } });
    },
    [away, navigate],
  );
}

import { type RefObject, useEffect, useRef, useState } from "react";

/** What is scrolled past was not looked at. */
const LOOK_MS = 250;

/** Whether an element is on the screen, and has been for a moment. */
export function useSeen<T extends Element>(): [RefObject<T | null>, boolean] {
  const ref = useRef<T>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (ref.current === null) return;
    let timer: ReturnType<typeof setTimeout>;
    const observer = new IntersectionObserver((entries) => {
      const inside = entries.at(-1)?.isIntersecting ?? false;
      clearTimeout(timer);
      timer = setTimeout(() => setSeen(inside), LOOK_MS);
    });
    observer.observe(ref.current);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, []);
  return [ref, seen];
}

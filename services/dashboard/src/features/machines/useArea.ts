import { type RefObject, useLayoutEffect, useState } from "react";

/** An element's width, and how far below the top of the page it begins, in pixels; 0 until it is laid out. */
export function useArea(ref: RefObject<Element | null>): { width: number; top: number } {
  const [area, setArea] = useState({ width: 0, top: 0 });
  useLayoutEffect(() => {
    const measure = () => {
      const box = ref.current?.getBoundingClientRect();
      if (box === undefined) return;
      const width = Math.round(box.width);
      const top = Math.round(box.top + window.scrollY);
      setArea((before) => (before.width === width && before.top === top ? before : { width, top }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body); // whatever is above it may grow
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return area;
}

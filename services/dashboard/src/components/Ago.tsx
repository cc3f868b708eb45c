import Tooltip from "@mui/material/Tooltip";
import { useEffect, useState } from "react";
import { duration } from "./format";

/** How long ago something was, with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const moment = new Date(at);
  return (
    <Tooltip title={moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" })}>
      <time dateTime={at}>{duration((now - moment.getTime()) / 1000)}</time>
    </Tooltip>
  );
}

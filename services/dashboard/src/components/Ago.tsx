import Tooltip from "@mui/material/Tooltip";
import { useEffect, useState } from "react";
import { useFormat } from "../words/format";

/** How long ago something was, with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const f = useFormat();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Tooltip title={f.moment(at, true)}>
      <time dateTime={at}>{f.duration((now - new Date(at).getTime()) / 1000)}</time>
    </Tooltip>
  );
}

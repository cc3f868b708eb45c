import Tooltip from "@mui/material/Tooltip";
import { useAtTime } from "../api/clock";
import { useFormat } from "../words/format";

/** How long ago something was by the server's clock, with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const format = useFormat();
  const moment = Date.parse(at);
  const text = useAtTime((now) => format.duration((now - moment) / 1000));
  return (
    <Tooltip title={format.moment(at, true)}>
      <time dateTime={at}>{text}</time>
    </Tooltip>
  );
}

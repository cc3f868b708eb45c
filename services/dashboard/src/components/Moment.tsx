import { messages } from "../messages";

/** A point in time in the person's zone; a dash when there is none. */
export function Moment({ at }: { at: string | null }) {
  if (at === null) return messages.dash;
  const moment = new Date(at);
  return (
    <time
      dateTime={at}
      style={{ whiteSpace: "nowrap" }}
      title={moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" })}
    >
      {moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}
    </time>
  );
}

import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { OpenIcon } from "../../components/icons";
import { Problem } from "../../components/Problem";
import { useWords } from "../../words/Words";
import { type Container, isStarting, stopMutation } from "./queries";
import { useNewTab } from "./tabs";

const nothingRuns = (container: Container) => isStarting(container) || container.state === "failed";

/** Stopping a container: asked once, or at once where nothing runs in it yet or any more. */
export function useStop(container: Container) {
  const [asking, setAsking] = useState(false);
  const stop = useMutation(stopMutation(useQueryClient()));
  return {
    asking,
    error: stop.error,
    pending: stop.isPending,
    ask: () => (nothingRuns(container) ? stop.mutate(container) : setAsking(true)),
    leave: () => setAsking(false),
    go: () => {
      setAsking(false);
      stop.mutate(container);
    },
  };
}

type Stop = ReturnType<typeof useStop>;

/** What the button that ends it is called. */
function wordOf(container: Container) {
  if (isStarting(container)) return "start.cancel";
  return container.state === "failed" ? "containers.remove" : "containers.stop";
}

type Props = { container: Container; stop: Stop; own: boolean; details?: boolean };

/** What one may do with a container. `own`: only its owner may open it. */
export function Actions({ container, stop, own, details = false }: Props) {
  const t = useWords();
  const [newTab] = useNewTab();
  const tall = { minHeight: 44 };
  return (
    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, ml: { xs: 0, sm: "auto" }, width: { xs: 1, sm: "auto" } }}>
      {own && container.state === "ready" && (
        <Button
          variant="contained"
          href={container.url}
          target={newTab ? "_blank" : undefined}
          startIcon={<OpenIcon />}
          data-shortcut="open"
          sx={{ ...tall, flexGrow: { xs: 1, sm: 0 } }}
        >
          {t("containers.open")}
        </Button>
      )}
      {details && (
        <Button
          component={Link}
          to={`/containers/${encodeURIComponent(container.id)}`}
          aria-label={t("containers.detailsOf", { name: container.name })}
          sx={tall}
        >
          {t("containers.details")}
        </Button>
      )}
      <Button color="error" onClick={stop.ask} disabled={container.state === "stopping" || stop.pending} sx={tall}>
        {t(wordOf(container))}
      </Button>
    </Box>
  );
}

/** The question before a container ends, and why it could not be ended. */
export function Stopping({ stop }: { stop: Stop }) {
  const t = useWords();
  return (
    <>
      {stop.error && <Problem error={stop.error} />}
      <ConfirmDialog
        open={stop.asking}
        title={t("containers.stopTitle")}
        text={t("containers.stopText")}
        confirm={t("containers.stopConfirm")}
        onClose={stop.leave}
        onConfirm={stop.go}
      />
    </>
  );
}

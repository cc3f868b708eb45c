import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Skeleton from "@mui/material/Skeleton";
import Stack from "@mui/material/Stack";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { ApiError } from "../../api/client";
import { meQuery } from "../../api/queries";
import { spelled } from "../../components/format";
import { PageTitle } from "../../components/PageTitle";
import { Problem } from "../../components/Problem";
import { useWords } from "../../words/Words";
import { Actions, Stopping, useStop } from "./Actions";
import { AsOf } from "./AsOf";
import { State } from "./ContainerCard";
import { Facts } from "./Facts";
import { Failure } from "./Failure";
import { History } from "./History";
import { LogTail } from "./LogTail";
import { type Container, containerQuery } from "./queries";
import { Section } from "./Section";
import { Summary } from "./Summary";
import { Timeline } from "./Timeline";
import { useStart } from "./useStart";

const LINES = 200;

/** The page of one container: what it is, what happened to it, what it uses and what it writes. */
export function ContainerPage() {
  const { id = "" } = useParams();
  const found = useQuery(containerQuery(id));
  const t = useWords();
  if (found.error instanceof ApiError && [403, 404].includes(found.error.status)) {
    return <Missing id={id} error={found.error} />;
  }
  return (
    <Stack spacing={2}>
      {found.isError && <Problem error={found.error} />}
      {found.isError && found.data && <AsOf since={found.dataUpdatedAt} />}
      {found.isPending && (
        <Skeleton variant="rounded" height={132} role="status" aria-label={t("containers.loading")} />
      )}
      {found.data && (
        <Box sx={{ opacity: found.isError ? 0.6 : 1 }}>
          <Shown container={found.data} />
        </Box>
      )}
    </Stack>
  );
}

/** It is gone, or not one's own; what happened to it is told as long as it is known. */
function Missing({ id, error }: { id: string; error: ApiError }) {
  const t = useWords();
  return (
    <Stack spacing={2} sx={{ alignItems: "stretch" }}>
      <PageTitle>{t("containers.page", { name: id })}</PageTitle>
      <Problem error={error} />
      {error.status === 404 && (
        <Section title={t("containers.timeline")}>
          <Timeline id={id} />
        </Section>
      )}
      <Button component={Link} to="/" variant="outlined" sx={{ alignSelf: "start", minHeight: 44 }}>
        {t("containers.allMine")}
      </Button>
    </Stack>
  );
}

function Shown({ container }: { container: Container }) {
  const t = useWords();
  const me = useQuery(meQuery());
  const start = useStart();
  const stop = useStop(container);
  const own = me.data?.user.name === container.owner;
  const name = own ? container.name : `${spelled(container.owner)} / ${container.name}`;
  return (
    <Stack spacing={2}>
      <PageTitle>{t("containers.page", { name })}</PageTitle>
      <Card variant="outlined">
        <CardContent>
          <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center" }}>
            <Summary container={container} />
            <Actions container={container} stop={stop} own={own} />
          </Stack>
          <State container={container} />
          {container.state === "failed" && (
            <Failure
              container={container}
              start={own && container.name === "default" ? start : null}
              onOptions={null}
              log={false}
            />
          )}
        </CardContent>
        <Stopping stop={stop} />
      </Card>
      <Box
        sx={{
          display: "grid",
          gap: 2,
          gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "minmax(0, 2fr) minmax(0, 1fr)" },
        }}
      >
        <Stack spacing={2}>
          <History container={container} />
          <Section title={t("containers.log")}>
            <LogTail id={container.id} name={container.name} lines={LINES} heading={false} />
          </Section>
        </Stack>
        <Stack spacing={2}>
          <Section title={t("containers.timeline")}>
            <Timeline id={container.id} />
          </Section>
          <Section title={t("containers.limits")}>
            <Facts container={container} />
          </Section>
        </Stack>
      </Box>
    </Stack>
  );
}

import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ExpirySelect } from "../../components/ExpirySelect";
import { Loaded } from "../../components/Loaded";
import { Moment } from "../../components/Moment";
import { Problem } from "../../components/Problem";
import { ScopeList } from "../../components/Scopes";
import { Said, useWords } from "../../words/Words";
import { type Device, decideMutation, deviceQuery } from "./queries";

const USUAL_DAYS = 90;

/** One waiting program: who asks for what, and yes or no. */
export function DeviceLogin({ code, onOther }: { code: string; onOther: () => void }) {
  const t = useWords();
  const device = useQuery(deviceQuery(code));
  return (
    <>
      <Loaded query={device}>
        {(asked) => (asked.state === "pending" ? <Question code={code} device={asked} /> : <Outcome device={asked} />)}
      </Loaded>
      <Button onClick={onOther} sx={{ alignSelf: "flex-start" }}>
        {t("device.other")}
      </Button>
    </>
  );
}

function Question({ code, device }: { code: string; device: Device }) {
  const t = useWords();
  const decide = useMutation(decideMutation(useQueryClient(), code));
  const [days, setDays] = useState(USUAL_DAYS);
  return (
    <Card variant="outlined">
      <CardContent>
        <Stack spacing={2}>
          <Typography variant="h6" component="h2" sx={{ overflowWrap: "anywhere" }}>
            {t("device.asks", { client: device.client })}
          </Typography>
          <Typography component="p" variant="h4" sx={{ fontFamily: "monospace", letterSpacing: 2 }}>
            {code}
          </Typography>
          <Typography>
            <Said id="device.from" values={{ address: device.asked_from, time: <Moment at={device.expires_at} /> }} />
          </Typography>
          <div>
            <Typography variant="subtitle2" component="h3">
              {t("device.wants")}
            </Typography>
            <ScopeList scopes={device.scopes} />
          </div>
          <Alert severity="warning">
            <AlertTitle>{t("device.warningTitle")}</AlertTitle>
            {t("device.warning")}
          </Alert>
          <ExpirySelect days={days} onChange={setDays} />
          {decide.isError && <Problem error={decide.error} />}
          <Stack direction="row" spacing={1}>
            <Button
              variant="contained"
              disabled={decide.isPending}
              onClick={() => decide.mutate({ approve: true, expires_in_days: days })}
            >
              {t("device.approve")}
            </Button>
            <Button
              color="error"
              variant="outlined"
              disabled={decide.isPending}
              onClick={() => decide.mutate({ approve: false })}
            >
              {t("device.deny")}
            </Button>
          </Stack>
        </Stack>
      </CardContent>
    </Card>
  );
}

function Outcome({ device }: { device: Device }) {
  const t = useWords();
  const denied = device.state === "denied";
  return (
    <Alert severity={denied ? "info" : "success"}>
      <AlertTitle>{denied ? t("device.denied") : t("device.approved", { client: device.client })}</AlertTitle>
      {denied ? t("device.deniedHint") : t("device.approvedHint")}
    </Alert>
  );
}

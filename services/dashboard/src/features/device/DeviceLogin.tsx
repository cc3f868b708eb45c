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
import { messages } from "../../messages";
import { type Device, decideMutation, deviceQuery } from "./queries";

const words = messages.device;
const USUAL_DAYS = 90;

/** One waiting program: who asks for what, and yes or no. */
export function DeviceLogin({ code, onOther }: { code: string; onOther: () => void }) {
  const device = useQuery(deviceQuery(code));
  return (
    <>
      <Loaded query={device}>
        {(asked) => (asked.state === "pending" ? <Question code={code} device={asked} /> : <Outcome device={asked} />)}
      </Loaded>
      <Button onClick={onOther} sx={{ alignSelf: "flex-start" }}>
        {words.other}
      </Button>
    </>
  );
}

function Question({ code, device }: { code: string; device: Device }) {
  const decide = useMutation(decideMutation(useQueryClient(), code));
  const [days, setDays] = useState(USUAL_DAYS);
  return (
    <Card variant="outlined">
      <CardContent>
        <Stack spacing={2}>
          <Typography variant="h6" component="h2" sx={{ overflowWrap: "anywhere" }}>
            {words.asks(device.client)}
          </Typography>
          <Typography component="p" variant="h4" sx={{ fontFamily: "monospace", letterSpacing: 2 }}>
            {code}
          </Typography>
          <Typography>
            {words.from(device.asked_from)} · {words.until} <Moment at={device.expires_at} />
          </Typography>
          <div>
            <Typography variant="subtitle2" component="h3">
              {words.wants}
            </Typography>
            <ScopeList scopes={device.scopes} />
          </div>
          <Alert severity="warning">
            <AlertTitle>{words.warningTitle}</AlertTitle>
            {words.warning}
          </Alert>
          <ExpirySelect days={days} onChange={setDays} />
          {decide.isError && <Problem error={decide.error} />}
          <Stack direction="row" spacing={1}>
            <Button
              variant="contained"
              disabled={decide.isPending}
              onClick={() => decide.mutate({ approve: true, expires_in_days: days })}
            >
              {words.approve}
            </Button>
            <Button
              color="error"
              variant="outlined"
              disabled={decide.isPending}
              onClick={() => decide.mutate({ approve: false })}
            >
              {words.deny}
            </Button>
          </Stack>
        </Stack>
      </CardContent>
    </Card>
  );
}

function Outcome({ device }: { device: Device }) {
  const denied = device.state === "denied";
  return (
    <Alert severity={denied ? "info" : "success"}>
      <AlertTitle>{denied ? words.denied : words.approved(device.client)}</AlertTitle>
      {denied ? words.deniedHint : words.approvedHint}
    </Alert>
  );
}

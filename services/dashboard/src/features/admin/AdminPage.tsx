import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Stack from "@mui/material/Stack";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { Link, useParams } from "react-router";
import { meQuery } from "../../api/queries";
import { Loaded } from "../../components/Loaded";
import { PageTitle } from "../../components/PageTitle";
import { messages } from "../../messages";
import { AllTokens } from "./AllTokens";
import { AnnouncementForm } from "./AnnouncementForm";
import { Audit } from "./Audit";
import { Containers } from "./Containers";
import { Machines } from "./Machines";
import { People } from "./People";

const words = messages.admin;

const PARTS: Record<keyof typeof words.parts, ComponentType> = {
  people: People,
  containers: Containers,
  machines: Machines,
  announcement: AnnouncementForm,
  tokens: AllTokens,
  audit: Audit,
};

const isPart = (part: string): part is keyof typeof PARTS => part in PARTS;

/** What admins look after; everybody else is told so. */
export function AdminPage() {
  const me = useQuery(meQuery());
  const { part = "people" } = useParams();
  return (
    <Stack spacing={2}>
      <PageTitle>{words.title}</PageTitle>
      <Loaded query={me}>{({ user }) => (user.role === "admin" ? <Parts part={part} /> : <Forbidden />)}</Loaded>
    </Stack>
  );
}

function Forbidden() {
  return (
    <Alert severity="warning">
      <AlertTitle>{words.forbidden}</AlertTitle>
      {words.forbiddenHint}
    </Alert>
  );
}

function Parts({ part }: { part: string }) {
  const shown = isPart(part) ? part : "people";
  const Part = PARTS[shown];
  return (
    <>
      <Tabs
        component="nav"
        value={shown}
        variant="scrollable"
        scrollButtons="auto"
        allowScrollButtonsMobile
        aria-label={words.title}
      >
        {Object.keys(PARTS)
          .filter(isPart)
          .map((each) => (
            <Tab key={each} value={each} label={words.parts[each]} component={Link} to={`/admin/${each}`} />
          ))}
      </Tabs>
      <Part />
    </>
  );
}

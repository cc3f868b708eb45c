import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { Link, useParams } from "react-router";
import { meQuery } from "../../api/queries";
import { Loaded } from "../../components/Loaded";
import { PageTitle } from "../../components/PageTitle";
import { useWords } from "../../words/Words";
import { AllTokens } from "./AllTokens";
import { AnnouncementForm } from "./AnnouncementForm";
import { Audit } from "./Audit";
import { Containers } from "./Containers";
import { Machines } from "./Machines";
import { People } from "./People";

const PARTS = {
  people: People,
  containers: Containers,
  machines: Machines,
  announcement: AnnouncementForm,
  tokens: AllTokens,
  audit: Audit,
} as const satisfies Record<string, ComponentType>;

const isPart = (part: string): part is keyof typeof PARTS => Object.hasOwn(PARTS, part);

/** What admins look after; everybody else is told so. */
export function AdminPage() {
  const t = useWords();
  const me = useQuery(meQuery());
  const { part = "people" } = useParams();
  return (
    <Stack spacing={2}>
      <PageTitle>{t("admin.title")}</PageTitle>
      <Loaded query={me}>{({ user }) => (user.role === "admin" ? <Parts part={part} /> : <Forbidden />)}</Loaded>
    </Stack>
  );
}

function Forbidden() {
  const t = useWords();
  return (
    <Alert severity="warning">
      <AlertTitle>{t("admin.forbidden")}</AlertTitle>
      {t("admin.forbiddenHint")}
    </Alert>
  );
}

function Parts({ part }: { part: string }) {
  const t = useWords();
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
        aria-label={t("admin.title")}
      >
        {Object.keys(PARTS)
          .filter(isPart)
          .map((each) => (
            <Tab key={each} value={each} label={t(`admin.part.${each}`)} component={Link} to={`/admin/${each}`} />
          ))}
      </Tabs>
      <Box role="tabpanel" aria-label={t(`admin.part.${shown}`)}>
        <Part />
      </Box>
    </>
  );
}

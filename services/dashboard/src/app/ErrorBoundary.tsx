import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";
import { Component, type ReactNode } from "react";
import { useWords } from "../words/Words";

/** What people see when a view breaks. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const t = useWords();
  return (
    <Alert
      severity="error"
      action={
        <Button color="inherit" onClick={() => window.location.reload()}>
          {t("common.reload")}
        </Button>
      }
    >
      <AlertTitle>{t("common.broken")}</AlertTitle>
      {t("common.brokenHint")}
    </Alert>
  );
}

import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";
import { Component, type ReactNode } from "react";
import { messages } from "../messages";

/** What people see when a view breaks. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <Alert severity="error" action={<Button onClick={() => window.location.reload()}>{messages.reload}</Button>}>
        <AlertTitle>{messages.broken}</AlertTitle>
        {messages.brokenHint}
      </Alert>
    );
  }
}

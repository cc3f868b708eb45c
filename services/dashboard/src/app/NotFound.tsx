import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { Link as RouterLink } from "react-router";
import { messages } from "../messages";

/** An address that the dashboard does not have. */
export function NotFound() {
  return (
    <>
      <Typography variant="h5" component="h1" gutterBottom>
        {messages.notFound}
      </Typography>
      <Link component={RouterLink} to="/">
        {messages.home}
      </Link>
    </>
  );
}

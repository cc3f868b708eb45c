import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { Link as RouterLink } from "react-router";
import { useWords } from "../words/Words";

/** An address that the dashboard does not have. */
export function NotFound() {
  const t = useWords();
  return (
    <>
      <Typography variant="h5" component="h1" gutterBottom>
        {t("common.notFound")}
      </Typography>
      <Link component={RouterLink} to="/">
        {t("common.home")}
      </Link>
    </>
  );
}

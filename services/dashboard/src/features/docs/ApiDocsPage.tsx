import Box from "@mui/material/Box";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import { useColorScheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { Loaded } from "../../components/Loaded";
import { PageTitle } from "../../components/PageTitle";
import { Said, useWords } from "../../words/Words";
import { CONTRACT, contractQuery } from "./queries";
import "swagger-ui-dist/swagger-ui.css";

/** What is of no use without sending is hidden; what has too little contrast of its own gets ours. */
const OUR_LOOK = {
  overflowX: "auto",
  "& .scheme-container, & .authorization__btn": { display: "none" },
  "& .opblock-summary-operation-id": { display: { xs: "none", md: "block" } },
  "&&&&& :is(.opblock-summary-method, .info small, .version)": {
    backgroundColor: "text.primary",
    color: "background.paper",
    textShadow: "none",
  },
  "&&&&& :is(code, .parameter__in, [class*='expand-deep-button'], [class*='__constraint'])": {
    backgroundColor: "transparent",
    color: "text.primary",
  },
};

/** The API as people read it; nothing is sent from here. */
export function ApiDocsPage() {
  const t = useWords();
  const contract = useQuery(contractQuery());
  return (
    <Stack spacing={2}>
      <PageTitle>{t("docs.title")}</PageTitle>
      <Typography color="textSecondary">
        <Said
          id="docs.hint"
          values={{
            file: (
              <Link href={CONTRACT} translate="no">
                openapi.json
              </Link>
            ),
          }}
        />
      </Typography>
      <Loaded query={contract}>{(found) => <Reader contract={found} />}</Loaded>
    </Stack>
  );
}

function Reader({ contract }: { contract: object }) {
  const place = useRef<HTMLDivElement>(null);
  const { colorScheme } = useColorScheme();

  useEffect(() => {
    const domNode = document.createElement("div");
    place.current?.append(domNode);
    SwaggerUI({
      domNode,
      spec: contract,
      validatorUrl: null, // it would ask a third party
      supportedSubmitMethods: [],
      showExtensions: true,
      syntaxHighlight: false,
      docExpansion: "list",
      displayOperationId: true, // says in a word what a folded line is
    });
    return () => domNode.remove();
  }, [contract]);

  useEffect(() => {
    document.documentElement.classList.toggle("dark-mode", colorScheme === "dark"); // as its style sheet asks
    return () => document.documentElement.classList.remove("dark-mode");
  }, [colorScheme]);

  return <Box ref={place} sx={OUR_LOOK} />;
}

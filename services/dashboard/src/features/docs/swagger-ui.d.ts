declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  type Options = {
    domNode: HTMLElement;
    spec: object;
    validatorUrl: null;
    showExtensions: boolean;
    syntaxHighlight: false;
    supportedSubmitMethods: string[];
    displayOperationId: boolean;
    docExpansion: "list" | "full" | "none";
  };
  export default function SwaggerUI(options: Options): void;
}

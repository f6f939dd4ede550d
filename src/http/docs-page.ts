/** What the page at /docs may load and do: its own files, the pictures inside its style sheet, and calls of this server. */
export const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The page at /docs, where Swagger UI shows the API. Nothing on it comes from elsewhere.
 *
 * @param root how the page names the folder that it is in, `./` or `../`: a proxy may have put another path before it
 */
export function docsPage(root: './' | '../'): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>millrace: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}docs/swagger-ui.css">
</head>
<body>
<div id="api" data-document="${root}openapi.json"></div>
<noscript>This page needs JavaScript; <a href="${root}openapi.yaml">openapi.yaml</a> says the same.</noscript>
<script src="${root}docs/swagger-ui-bundle.js"></script>
<script src="${root}docs/docs-page.js"></script>
</body>
</html>
`;
}

/** Starts Swagger UI: a file of its own, so that the page's policy need not allow scripts inside of it. */
export const docsScript = `const { document: url } = document.getElementById('api').dataset;
SwaggerUIBundle({ url, dom_id: '#api', deepLinking: true, validatorUrl: null, defaultModelsExpandDepth: 0 });
`;

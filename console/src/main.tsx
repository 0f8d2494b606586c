// Starts the console: sets the colour scheme before the first paint, passes the nonce on to the style elements that
// components create, and renders the application.
import "./mantine.css";
import "./base.css";
import { MantineProvider, localStorageColorSchemeManager } from "@mantine/core";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { theme, variables } from "./theme";
import { guardHistory } from "./unsaved/guard";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
setNonce(nonce);

guardHistory();

const scheme = localStorageColorSchemeManager({ key: "portcullis-colour-scheme" });
const chosen = scheme.get("auto");
const dark = chosen === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={variables}
        colorSchemeManager={scheme}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}

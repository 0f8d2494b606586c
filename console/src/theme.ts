// Colours and defaults. Every text has a contrast of at least 4.5 to 1, as WCAG 2.2 AA requires, in light and in
// dark.
import { type CSSVariablesResolver, createTheme } from "@mantine/core";

/** The header of a dialog is not the banner of the page. */
const NO_BANNER = { header: { role: "presentation" } };
const TITLE = { fontSize: "1.15rem", fontWeight: 650 };

export const theme = createTheme({
  primaryColor: "steel",
  primaryShade: { light: 7, dark: 7 },
  colors: {
    steel: [
      "#eef4fb",
      "#d9e5f4",
      "#b3cae9",
      "#8fb2e3",
      "#74a0de",
      "#4f83cd",
      "#3f76c4",
      "#2c61ad",
      "#25528f",
      "#1a3f72",
    ],
    dark: [
      "#e3e8ee",
      "#c3ccd6",
      "#9fabb9",
      "#75818f",
      "#3c4856",
      "#2a3440",
      "#1d252e",
      "#171e26",
      "#12181f",
      "#0c1116",
    ],
  },
  defaultRadius: 6,
  cursorType: "pointer",
  respectReducedMotion: true,
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.1rem" } } },
  components: {
    Drawer: {
      defaultProps: {
        position: "right",
        size: 640,
        closeButtonProps: { "aria-label": "Close" },
        overlayProps: { backgroundOpacity: 0.45 },
        attributes: NO_BANNER,
      },
      styles: { title: TITLE },
    },
    Modal: {
      defaultProps: { centered: true, attributes: NO_BANNER, closeButtonProps: { "aria-label": "Close" } },
      styles: { title: TITLE },
    },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#525d6b",
    "--mantine-color-placeholder": "#68727f",
    "--mantine-color-error": "#b42318",
    "--mantine-color-disabled-color": "#68727f",
    "--mantine-color-text": "#17202b",
  },
  dark: {
    "--mantine-color-dimmed": "#a3aebb",
    "--mantine-color-placeholder": "#8e99a6",
    "--mantine-color-error": "#ff9b8f",
    "--mantine-color-disabled-color": "#8e99a6",
    "--mantine-color-anchor": "#8fb2e3",
  },
});

/** Light, dark, or as the system has it. */
import { signal } from "@preact/signals";

const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "dure-console-theme";
const stored = localStorage.getItem(key);

export const theme = signal<Theme>(themes.find((one) => one === stored) ?? "system");

theme.subscribe((value) => {
  if (value === "system") {
    localStorage.removeItem(key);
    delete document.documentElement.dataset.theme;
    return;
  }
  localStorage.setItem(key, value);
  document.documentElement.dataset.theme = value;
});

/** System, light, dark, and around again. */
export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] as Theme;
}

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly kind?: "plain" | "strong" | "danger";
  readonly isDisabled?: boolean;
  /** Why it cannot be used, or what it does. */
  readonly hint?: string;
  readonly type?: "button" | "submit";
}

export function Button({
  children,
  onClick,
  kind = "plain",
  isDisabled = false,
  hint,
  type = "button",
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button is-${kind}`}
      disabled={isDisabled}
      title={hint}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly class?: string;
  readonly isExpanded?: boolean;
}

export function IconButton({ icon, label, onClick, class: own = "", isExpanded }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${own}`}
      aria-label={label}
      aria-expanded={isExpanded}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

import { quantityMax } from "../cart.ts";

interface QuantityProps {
  readonly label: string;
  readonly value: number;
  /** As many as there are. */
  readonly max: number;
  onChange(quantity: number): void;
}

/** How many, from one up. */
export function Quantity({ label, value, max, onChange }: QuantityProps) {
  const count = Math.max(value, Math.min(max, quantityMax), 1);
  return (
    <label class="quantity">
      <span>{label}</span>
      <select
        value={value}
        onChange={(event) => onChange(Number(event.currentTarget.value))}
        disabled={max === 0 && value <= 1}
      >
        {Array.from({ length: count }, (_, index) => (
          <option key={index} value={index + 1}>
            {index + 1}
          </option>
        ))}
      </select>
    </label>
  );
}

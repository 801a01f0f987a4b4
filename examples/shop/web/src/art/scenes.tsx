/** A scene for each shelf of the shop, drawn with few shapes; chance decides sizes, places and small things. 200 x 160 units. */
import type { VNode } from "preact";
import type { Chance, Palette } from "./palette.ts";

type Scene = (colours: Palette, chance: Chance, name: string) => VNode;

function between(chance: Chance, from: number, to: number): number {
  return from + chance() * (to - from);
}

const table = (p: Palette) => <rect x="0" y="128" width="200" height="32" fill={p.far} />;

const kitchen: Scene = (p, chance, name) => {
  const width = between(chance, 62, 88);
  const height = between(chance, 44, 64);
  const left = 100 - width / 2;
  const top = 128 - height;
  const hasSpout = /kettle|teapot/i.test(name);
  return (
    <>
      <circle cx={between(chance, 40, 160)} cy="52" r="34" fill={p.far} opacity="0.7" />
      {table(p)}
      {hasSpout ? (
        <path
          d={`M${left + 6} ${top + 26} q-20 -2 -26 -22`}
          stroke={p.near}
          stroke-width="11"
          fill="none"
          stroke-linecap="round"
        />
      ) : (
        <path
          d={`M${left} ${top + 14} h-14 M${left + width} ${top + 14} h14`}
          stroke={p.ink}
          stroke-width="9"
          stroke-linecap="round"
        />
      )}
      {hasSpout ? (
        <path
          d={`M${left + width - 6} ${top + 10} q30 6 0 34`}
          stroke={p.ink}
          stroke-width="7"
          fill="none"
        />
      ) : null}
      <rect x={left} y={top} width={width} height={height} rx="18" fill={p.near} />
      <rect x={left - 4} y={top - 4} width={width + 8} height="11" rx="5.5" fill={p.ink} />
      <circle cx="100" cy={top - 10} r="6.5" fill={p.bright} />
      <path
        d={`M${86} ${top - 26} q6 -8 0 -16 M${100} ${top - 28} q6 -9 0 -18 M${114} ${top - 26} q6 -8 0 -16`}
        stroke={p.near}
        stroke-width="3.5"
        fill="none"
        stroke-linecap="round"
        opacity="0.55"
      />
    </>
  );
};

const garden: Scene = (p, chance) => {
  const stems = 3 + Math.floor(chance() * 3);
  return (
    <>
      <circle cx={between(chance, 30, 70)} cy="42" r="19" fill={p.bright} />
      {table(p)}
      {Array.from({ length: stems }, (_, index) => {
        const x = 100 + (index - (stems - 1) / 2) * 17;
        const top = between(chance, 34, 66);
        const lean = (index - (stems - 1) / 2) * 13;
        return (
          <g key={index}>
            <path
              d={`M${x} 96 Q${x} ${top + 24} ${x + lean} ${top}`}
              stroke={p.ink}
              stroke-width="3"
              fill="none"
            />
            <ellipse
              cx={x + lean}
              cy={top}
              rx="8"
              ry="15"
              fill={index % 2 ? p.bright : p.near}
              transform={`rotate(${lean * 1.6} ${x + lean} ${top})`}
            />
          </g>
        );
      })}
      <path d="M64 92 h72 l-9 44 q-1 6 -8 6 h-38 q-7 0 -8 -6z" fill={p.near} />
      <rect x="58" y="86" width="84" height="13" rx="6" fill={p.ink} />
    </>
  );
};

const outdoor: Scene = (p, chance) => {
  const peak = between(chance, 50, 90);
  const other = between(chance, 125, 160);
  return (
    <>
      <circle cx={between(chance, 130, 168)} cy="40" r={between(chance, 13, 20)} fill={p.bright} />
      <path d={`M-10 128 L${peak} 34 L${peak + 86} 128z`} fill={p.far} />
      <path
        d={`M${other - 70} 128 L${other} 62 L${other + 70} 128z`}
        fill={p.near}
        opacity="0.75"
      />
      <rect x="0" y="126" width="200" height="34" fill={p.near} />
      <path d="M58 140 L96 86 L134 140z" fill={p.ink} />
      <path d="M88 140 L96 104 L106 140z" fill={p.bright} />
      {[158, 174].map((x) => (
        <path key={x} d={`M${x} 96 l-12 40 h24z`} fill={p.ink} opacity="0.8" />
      ))}
    </>
  );
};

const office: Scene = (p, chance) => {
  const isLeft = chance() > 0.5;
  const tilt = between(chance, -8, 8);
  return (
    <g transform={isLeft ? undefined : "translate(200 0) scale(-1 1)"}>
      {table(p)}
      <path d="M64 66 L34 128 H128z" fill={p.bright} opacity="0.35" />
      <path
        d="M150 128 L142 72 L78 42"
        stroke={p.ink}
        stroke-width="6"
        fill="none"
        stroke-linejoin="round"
      />
      <circle cx="142" cy="72" r="6" fill={p.bright} />
      <path
        d="M52 68 L64 30 L98 52z"
        fill={p.near}
        stroke={p.near}
        stroke-width="6"
        stroke-linejoin="round"
      />
      <rect x="126" y="122" width="46" height="9" rx="4.5" fill={p.ink} />
      <g transform={`rotate(${tilt / 3} 70 120)`}>
        <rect x="36" y="112" width="66" height="8" rx="2" fill={p.near} />
        <rect x="40" y="104" width="62" height="8" rx="2" fill={p.ground} />
        <rect x="38" y="120" width="68" height="8" rx="2" fill={p.ink} />
      </g>
    </g>
  );
};

const books: Scene = (p, chance) => {
  const colours = [p.near, p.ink, p.bright, p.far, p.near];
  let x = 38;
  return (
    <>
      <circle cx="150" cy="50" r="30" fill={p.far} opacity="0.6" />
      {Array.from({ length: 6 }, (_, index) => {
        const width = between(chance, 14, 24);
        const height = between(chance, 62, 92);
        const left = x;
        x += width + 2;
        const lean = index === 5 ? "rotate(9)" : "rotate(0)";
        return (
          <g key={index} transform={`translate(${left} 130) ${lean} translate(0 ${-height})`}>
            <rect width={width} height={height} rx="2.5" fill={colours[index % 5]} />
            <rect x="3" y="12" width={width - 6} height="3" fill={p.ground} opacity="0.8" />
            <rect
              x="3"
              y={height - 20}
              width={width - 6}
              height="6"
              fill={p.ground}
              opacity="0.5"
            />
          </g>
        );
      })}
      <rect x="24" y="130" width="152" height="7" rx="3" fill={p.ink} />
    </>
  );
};

const music: Scene = (p, chance) => {
  const radius = between(chance, 36, 46);
  return (
    <>
      <circle cx="76" cy="84" r={radius + 16} fill={p.far} />
      <circle cx="76" cy="84" r={radius} fill={p.near} />
      <circle cx="76" cy="84" r="17" fill={p.ink} />
      {[-7.5, -2.5, 2.5, 7.5].map((y) => (
        <path key={y} d={`M-4 ${84 + y} H204`} stroke={p.ground} stroke-width="1.6" />
      ))}
      <rect x="152" y="70" width="56" height="28" rx="4" fill={p.ink} />
      {[162, 174, 186].map((x) => (
        <rect key={x} x={x} y="70" width="2.5" height="28" fill={p.bright} />
      ))}
      <path
        d={`M${between(chance, 136, 146)} 30 v26 M142 30 q12 2 14 12`}
        stroke={p.ink}
        stroke-width="4"
        fill="none"
        stroke-linecap="round"
      />
      <ellipse cx="137" cy="57" rx="7.5" ry="5.5" fill={p.ink} />
    </>
  );
};

const toys: Scene = (p, chance) => {
  const shift = between(chance, -8, 8);
  return (
    <>
      {table(p)}
      <path d="M132 34 l22 24 l-22 32 l-22 -32z" fill={p.bright} />
      <path d="M132 34 v56 M110 58 h44" stroke={p.ground} stroke-width="2" />
      <path d="M132 90 q14 14 2 24 q-10 10 4 22" stroke={p.ink} stroke-width="2.5" fill="none" />
      <rect x="34" y="96" width="36" height="36" rx="5" fill={p.near} />
      <rect x="72" y="96" width="36" height="36" rx="5" fill={p.ink} />
      <rect x={53 + shift} y="60" width="36" height="36" rx="5" fill={p.bright} />
      <circle cx="52" cy="114" r="8" fill={p.ground} />
      <path d="M90 106 l9 16 h-18z" fill={p.ground} />
      <circle cx={168 + shift / 2} cy="121" r="13" fill={p.near} />
    </>
  );
};

const bath: Scene = (p, chance) => {
  const x = between(chance, 66, 134);
  return (
    <>
      <circle cx={x} cy="66" r="38" fill={p.far} />
      <circle cx={x} cy="66" r="27" fill={p.ground} />
      <path
        d={`M${x - 14} 72 q14 -30 26 -22`}
        stroke={p.near}
        stroke-width="4"
        fill="none"
        stroke-linecap="round"
      />
      <path d="M0 112 q25 -16 50 0 t50 0 t50 0 t50 0 V160 H0z" fill={p.near} />
      <path d="M0 130 q25 -14 50 0 t50 0 t50 0 t50 0 V160 H0z" fill={p.ink} opacity="0.85" />
      {[0, 1, 2].map((index) => (
        <circle
          key={index}
          cx={between(chance, 24, 176)}
          cy={between(chance, 78, 108)}
          r={between(chance, 4, 9)}
          fill={p.bright}
          opacity="0.9"
        />
      ))}
    </>
  );
};

/** For shelves that somebody opened later. */
const other: Scene = (p, chance) => (
  <>
    <circle cx={between(chance, 60, 90)} cy="84" r="46" fill={p.far} />
    <circle cx={between(chance, 110, 140)} cy="72" r="34" fill={p.near} opacity="0.9" />
    <rect x={between(chance, 70, 96)} y="84" width="52" height="44" rx="10" fill={p.ink} />
    <circle cx={between(chance, 120, 150)} cy="112" r="13" fill={p.bright} />
  </>
);

const scenes: Readonly<Record<string, Scene>> = {
  ...{ kitchen, garden, outdoor, office, books, music, toys, bath },
};

export function sceneOf(category: string): Scene {
  return Object.hasOwn(scenes, category) ? (scenes[category] as Scene) : other;
}

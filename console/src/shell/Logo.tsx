// The logo: a gate with its portcullis down.
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#2c61ad" />
      <path
        d="M7 25V13a9 9 0 0 1 18 0v12M12.5 5.3V27M19.5 5.3V27M7 14h18M7 20.5h18"
        fill="none"
        stroke="#eef4fb"
        strokeWidth="2.2"
        strokeLinecap="round"
      />
    </svg>
  );
}

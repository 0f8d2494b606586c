// The response that the caller of an explained message gets.
import type { Explanation } from "../api/schemas";
import { CodeLine } from "../parts/CodeLine";
import css from "./WhyRefused.module.css";

export function CallerResponse({ explanation }: { explanation: Explanation }) {
  const { response, status } = explanation;
  if (!response) return null;
  const head = [
    `HTTP ${status}`,
    ...(response.www_authenticate ? [`WWW-Authenticate: ${response.www_authenticate}`] : []),
    `Content-Type: ${response.content_type}`,
  ];
  return (
    <div className={css.ruled}>
      <p>The caller gets:</p>
      <CodeLine text={`${head.join("\n")}\n\n${response.body}`} what="the caller’s response" />
    </div>
  );
}

import { expect, it } from "vitest";
import { wrongCertificate } from "./certificate";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

it.each([
  ["", null],
  [" \n", null],
  [PEM, null],
  [PEM + PEM, null],
  ["AAAA", "BEGIN CERTIFICATE"],
  [`${PEM}-----BEGIN PRIVATE KEY-----\n`, "private key"],
  ["-----BEGIN EC PRIVATE KEY-----\n", "private key"],
])("says what is wrong with %j", (pem, wanted) => {
  const wrong = wrongCertificate(pem);
  if (wanted === null) expect(wrong).toBeNull();
  else expect(wrong).toContain(wanted);
});

// The client certificate of a question, before it is sent: a private key must not leave the browser.

/** What is wrong with it; `null` when it can be sent, or is empty. */
export function wrongCertificate(pem: string): string | null {
  if (/PRIVATE KEY-----/.test(pem)) {
    return "This has a private key in it. Remove it here, and keep it where it is: the certificate alone is needed.";
  }
  if (pem.trim() && !/-----BEGIN CERTIFICATE-----/.test(pem)) {
    return "Expected PEM, which begins with -----BEGIN CERTIFICATE-----.";
  }
  return null;
}

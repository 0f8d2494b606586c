import { PageHead } from "../parts/PageHead";
export default function ApiKeysPage() { return <PageHead title="ApiKeysPage" />; }

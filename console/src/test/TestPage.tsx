import { PageHead } from "../parts/PageHead";
export default function TestPage() { return <PageHead title="TestPage" />; }

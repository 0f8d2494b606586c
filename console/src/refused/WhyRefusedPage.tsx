import { PageHead } from "../parts/PageHead";
export default function WhyRefusedPage() { return <PageHead title="WhyRefusedPage" />; }

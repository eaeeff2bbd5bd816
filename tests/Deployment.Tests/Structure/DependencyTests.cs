namespace Deployment.Tests.Structure;

/// <summary>Dependencies point one way: as CONTRIBUTING.md draws it, and never in a circle.</summary>
public sealed class DependencyTests
{
    private static readonly DependencyOrder s_order = new(["Media", "Options", "Probing", "Planning"]);

    public static TheoryData<string, string> Projects => new()
    {
        { "functions/shared", "Reelseal" },
        { "functions/sign-playlist", "SignPlaylist" },
        { "functions/ingest-video", "IngestVideo" },
    };

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_code_uses_its_parts_as_CONTRIBUTING_draws_it(string folder, string rootNamespace)
    {
        var code = SourceCode.Read(folder, rootNamespace);
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join('\n',
                code.Arrows()
                    .GroupBy(arrow => arrow.From, arrow => arrow.To)
                    .Select(from => $"{folder}: {from.Key} -> {string.Join(", ", from.Distinct())}")));
        Assert.NotEmpty(code.Arrows());
        Assert.Empty(code.Misplaced());
        Assert.Empty(DependencyOrder.Read(Repository.Read("CONTRIBUTING.md"), folder).Violations(code));
        Assert.Null(SourceCode.FindCycle(code.Arrows()));
    }

    [Theory]
    [InlineData("using App.Planning;")]
    [InlineData("using static App.Planning.Plan;")]
    [InlineData("using Plan = App.Planning.Plan;")]
    [InlineData("class Prober { Planning.Plan plan; }")]
    [InlineData("class Prober { global::App.Planning.Plan plan; }")]
    [InlineData("""class Prober { string text = $"a {Planning.Plan.Name} b"; }""")]
    public void A_step_that_uses_a_later_one_is_found(string text) =>
        AssertFinds("Probing must not use Planning", text);

    [Theory]
    [InlineData("class Prober { Pipeline pipeline; }")] // a file of the top folder that is not in the order
    [InlineData("class Prober { object x = new App.Pipeline(); }")]
    public void A_folder_that_uses_what_stands_at_the_top_is_found(string text) =>
        AssertFinds("Probing must not use Pipeline", text);

    [Theory]
    [InlineData("using App.Media;")]
    [InlineData("class Prober { Options options; }")]
    [InlineData("// Planning.Plan, Pipeline")]
    [InlineData("/// <summary>Not even <see cref=\"Planning.Plan\"/> counts.</summary>")]
    [InlineData("""class Prober { string text = "Planning.Plan Pipeline", other = $"Pipeline {1}"; char quote = '"'; }""")]
    [InlineData("class Prober { object plan = this.Planning.Plan; }")] // a member of that name
    public void An_arrow_that_points_the_right_way_or_is_only_text_is_not_a_violation(string text) => Assert.Empty(ViolationsWith("Probing/Prober.cs", text));

    [Fact]
    public void A_folder_without_a_place_in_the_order_is_found() =>
        Assert.Equal(["The folder Packaging has no place in the order."], ViolationsWith("Packaging/Box.cs", ""));

    [Fact]
    public void A_circle_among_the_files_at_the_top_is_found()
    {
        var code = new SourceCode("App", [("A.cs", "class A { B b; }"), ("B.cs", "class B { C c; }"), ("C.cs", "class C { A a; }")]);
        Assert.Equal(["A", "B", "C", "A"], SourceCode.FindCycle(code.Arrows()));
    }

    [Fact]
    public void A_file_under_another_folders_namespace_is_found()
    {
        var code = new SourceCode("App",
        [
            ("Probing/Prober.cs", "namespace App.Planning;"),
            ("Media/Size.cs", "namespace App.Media;"),
            ("Usings.cs", "global using App.Planning;\nnamespace App;"),
        ]);
        Assert.Equal(["Probing/Prober.cs is in the namespace \"App.Planning\", not in App.Probing.", "Usings.cs has a global using."], code.Misplaced());
    }

    [Fact]
    public void The_order_is_read_from_the_document() =>
        Assert.Equal(
            ["A", "B", "C", "D"],
            DependencyOrder.Read("text\n```\nfunctions/x    A · B\n               C · D\nfunctions/xy   E\n```\n", "functions/x").Parts);

    private static void AssertFinds(string violation, string text)
    {
        var found = ViolationsWith("Probing/Prober.cs", text).ToList();
        Assert.NotEmpty(found);
        Assert.All(found, sentence => Assert.StartsWith(violation, sentence, StringComparison.Ordinal));
    }

    private static IEnumerable<string> ViolationsWith(string path, string text) => s_order.Violations(new SourceCode("App",
    [
        ("Media/Size.cs", "public readonly record struct Size(int Width);"),
        ("Options.cs", "internal sealed class Options;"),
        ("Pipeline.cs", "using App.Planning;\nclass Pipeline { Options options; }"),
        ("Planning/Plan.cs", "using App.Media;\npublic sealed record Plan;"), ("Probing/Sniffer.cs", "public static class Sniffer;"), (path, text),
    ]));
}

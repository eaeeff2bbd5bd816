using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Scratch folders, including those that killed processes left behind.</summary>
public sealed class WorkspaceTests
{
    [Theory]
    [InlineData(false)] // killed before there was a folder, or when it was just removed
    [InlineData(true)] // killed while the folder was removed, with its beginning gone
    public void The_remains_of_a_killed_process_are_removed_wherever_they_are(bool folder)
    {
        using var work = new TemporaryDirectory();
        string name;
        using (var workspace = Workspace.Create(work.Path))
            name = workspace.Root;
        File.WriteAllText(name + ".lock", "");
        if (folder)
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(name, "out")).FullName, "00000.ts"), "");

        Workspace.RemoveAbandoned(work.Path);

        Assert.Empty(Directory.EnumerateFileSystemEntries(work.Path));
    }

    [Fact]
    public void A_workspace_in_use_stays_until_its_user_is_done_with_it()
    {
        using var work = new TemporaryDirectory();
        using (var workspace = Workspace.Create(work.Path))
        {
            File.WriteAllText(workspace.Source, "");
            Workspace.RemoveAbandoned(work.Path);
            Assert.True(File.Exists(workspace.Source));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(work.Path));
    }
}

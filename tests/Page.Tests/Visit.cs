using System.Collections.Concurrent;
using System.Globalization;

namespace Reelseal.Page.Tests;

/// <summary>One visitor with the page open, in its own browser profile. When disposed, it reports the browser's errors.</summary>
internal sealed class Visit : IAsyncDisposable
{
    /// <summary>Allows for a machine several times slower than an idle one.</summary>
    public const int Patience = 60_000;

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = [];

    private Visit(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    public IBrowserContext Context => _context;

    /// <summary>The browser console's errors of the page itself: exceptions, and violations of its policy.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public static async Task<Visit> OpenAsync(
        Stage stage, string? address = null, BrowserNewContextOptions? options = null, Func<IBrowserContext, Task>? prepare = null)
    {
        var context = await stage.Browser.NewContextAsync(options ?? new() { ViewportSize = new() { Width = 1100, Height = 900 } });
        context.SetDefaultTimeout(Patience);
        Assertions.SetDefaultExpectTimeout(Patience / 2);
        var visit = new Visit(context, await context.NewPageAsync());
        visit.Page.PageError += (_, error) => visit._complaints.Enqueue(error);
        visit.Page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                visit._complaints.Enqueue(message.Text);
        };
        await context.AddInitScriptAsync(Parts);
        if (prepare is not null)
            await prepare(context);
        await visit.Page.GotoAsync(address ?? $"{stage.System.Edge}/site/");
        return visit;
    }

    /// <summary>What scripts of the tests use: the media element, and the player's other elements.</summary>
    private const string Parts =
        """
        window.media = () => document.querySelector("reelseal-player")?.media ?? document.querySelector("video");
        window.part = id => document.querySelector("reelseal-player").shadowRoot.getElementById(id);
        """;

    public ILocator Id(string id) => Page.Locator($"#{id}");

    /// <summary>One of the player's controls, which hide while it plays and nobody moves.</summary>
    public async Task<ILocator> ControlAsync(string id)
    {
        await Page.EvaluateAsync("() => part('player').dispatchEvent(new PointerEvent('pointermove', { pointerType: 'mouse' }))");
        return Id(id);
    }

    /// <summary>Presses play or pause.</summary>
    public async Task PressPlayAsync() => await (await ControlAsync("play")).ClickAsync();

    /// <summary>Chooses a value of one of the player's settings.</summary>
    public async Task ChooseAsync(string setting, SelectOptionValue value)
    {
        await (await ControlAsync("settings")).ClickAsync();
        await Id(setting).SelectOptionAsync(value);
        await Id(setting).PressAsync("Escape");
        await Assertions.Expect(Id("menu")).ToBeHiddenAsync();
    }

    /// <summary>Opens the film of the list, and waits until it plays.</summary>
    public async Task PlayAsync(Stage stage)
    {
        await Id($"play-{stage.Film}").ClickAsync();
        await PlaysAsync();
    }

    /// <summary>Chooses something of the menu of a video's card.</summary>
    public async Task ChooseFromMenuAsync(string title, string action)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = $"More for {title}" }).ClickAsync();
        await Page.GetByRole(AriaRole.Button, new() { Name = $"{action} {title}" }).ClickAsync();
    }

    /// <summary>Waits until playback has advanced by a second; a stalled player never gets there.</summary>
    public async Task PlaysAsync()
    {
        var from = await TimeAsync();
        await Page.WaitForFunctionAsync(
            """
            from => {
              const v = media();
              return !v.paused && v.readyState >= 2 && (v.currentTime > from + 1 || v.currentTime < from - 0.5 && v.currentTime > 1);
            }
            """,
            from);
    }

    public Task<double> TimeAsync() => Page.EvaluateAsync<double>("() => media().currentTime");

    /// <summary>Moves the seek bar, once it is long enough: that of a video that has grown may be so a moment later.</summary>
    public async Task SeekAsync(double seconds)
    {
        await Page.WaitForFunctionAsync("seconds => Number(part('seek').max) >= seconds", seconds);
        await (await ControlAsync("seek")).FillAsync(seconds.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The loudest audible frequency now, in hertz.</summary>
    public Task<double> ToneAsync() => Page.EvaluateAsync<double>(
        """
        async () => {
          const video = media();
          const ear = window.ear ??= (() => {
            const context = new AudioContext();
            const analyser = Object.assign(context.createAnalyser(), { fftSize: 8192, smoothingTimeConstant: 0 });
            context.createMediaElementSource(video).connect(analyser).connect(context.destination);
            return { context, analyser };
          })();
          await ear.context.resume();
          const bins = new Uint8Array(ear.analyser.frequencyBinCount);
          for (let tries = 0; tries < 50; tries++) {
            await new Promise(resolve => setTimeout(resolve, 200));
            ear.analyser.getByteFrequencyData(bins);
            if (Math.max(...bins) > 60) break;
          }
          return bins.indexOf(Math.max(...bins)) * ear.context.sampleRate / ear.analyser.fftSize;
        }
        """);

    /// <summary>Waits until a tone is the loudest.</summary>
    public async Task HearsAsync(double tone)
    {
        for (var tries = 0; ; tries++)
        {
            var heard = await ToneAsync();
            if (Math.Abs(heard - tone) < 50)
                return;
            Assert.True(tries < 30, $"{heard} Hz is heard, not {tone} Hz.");
        }
    }

    /// <summary>A picture of what the video shows now, small and in grey: 0 to 255 each.</summary>
    public async Task<int[]> FrameAsync() => await Page.EvaluateAsync<int[]>(
        """
        () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
          const context = canvas.getContext("2d");
          context.drawImage(media(), 0, 0, 64, 36);
          const data = context.getImageData(0, 0, 64, 36).data;
          return Array.from({ length: 64 * 36 }, (_, i) => Math.round((data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3));
        }
        """);

    /// <summary>Asserts that there is a moving picture.</summary>
    public async Task AssertMovingAsync()
    {
        await PlaysAsync();
        var one = await FrameAsync();
        await PlaysAsync();
        var other = await FrameAsync();
        Assert.True(one.Max() - one.Min() > 60, "The picture is one colour.");
        Assert.True(one.Zip(other, (a, b) => Math.Abs(a - b)).Average() > 1, "The picture stands still.");
    }

    /// <summary>Returns the serious and critical findings of axe-core, which must have been loaded.</summary>
    public Task<string> FaultsAsync() => Page.EvaluateAsync<string>(
        """
        async () => (await axe.run({ preload: false })).violations // it would read styles again, inline, which the policy forbids
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => `${id}: ${nodes.map(node => `${node.target} ${node.failureSummary}`).join("; ")}`).join("\n")
        """);

    /// <summary>Asserts that the page itself reported no errors.</summary>
    public void AssertNoComplaints() => Assert.Empty(_complaints);

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}

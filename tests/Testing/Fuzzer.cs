using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Reelseal.Testing;

/// <summary>
/// Feeds a parser with almost correct inputs: known ones with bytes changed, cut, doubled or swapped, and words inserted in the wrong places.
/// </summary>
/// <remarks>
/// Each input is derived from its number alone, so a finding can be repeated by its number. Findings worth keeping become cases of an ordinary test.
/// </remarks>
/// <param name="corpus">Inputs to start from.</param>
/// <param name="words">Words that are significant to the parser.</param>
public sealed class Fuzzer(IReadOnlyList<byte[]> corpus, params IReadOnlyList<byte[]> words)
{
    /// <summary>The executions of a run in <c>make test</c>.</summary>
    public const int Executions = 20_000;

    /// <summary>How long a run takes in <c>make soak</c>: <c>FUZZ_SECONDS</c>, or five minutes.</summary>
    public static TimeSpan SoakTime =>
        TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("FUZZ_SECONDS") ?? "300", CultureInfo.InvariantCulture));

    /// <summary>For one input, even on a busy machine.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <summary>Returns the input for a number.</summary>
    public byte[] Input(int number)
    {
        var random = new Random(number);
        var input = corpus[random.Next(corpus.Count)].ToList();
        for (var changes = random.Next(1, 6); changes > 0; changes--)
            Change(input, random);
        return [.. input];
    }

    /// <summary>Runs the numbers from 0 on; a finding is an input that <paramref name="check"/> throws at.</summary>
    public void Run(Action<byte[]> check)
    {
        for (var number = 0; number < Executions; number++)
        {
            try
            {
                check(Input(number));
            }
            catch (Exception e)
            {
                throw Finding(number, e);
            }
        }
    }

    /// <summary>Runs numbers that <see cref="Run"/> did not run, for a while; returns how many, and the findings.</summary>
    public void RunLong(Action<byte[]> check)
    {
        var findings = new ConcurrentDictionary<string, Exception>(StringComparer.Ordinal);
        var (end, number) = (DateTime.UtcNow + SoakTime, Executions);
        var work = Task.Factory.StartNew(() =>
        {
            for (; DateTime.UtcNow < end; Interlocked.Increment(ref number))
            {
                try
                {
                    check(Input(number));
                }
                catch (Exception e)
                {
                    findings.TryAdd($"{e.GetType().Name} {e.StackTrace?.Split('\n')[0]}", Finding(number, e)); // the same place is the same finding
                }
            }
        }, TaskCreationOptions.LongRunning);
        for (var before = -1; !work.Wait(s_longest); before = Volatile.Read(ref number))
        {
            if (before == Volatile.Read(ref number))
                throw Finding(before, new TimeoutException("It does not end."));
        }
        TestContext.Current.SendDiagnosticMessage($"{TestContext.Current.TestMethod?.MethodName}: {number - Executions} executions, {findings.Count} findings");
        TestContext.Current.TestOutputHelper?.WriteLine($"{number - Executions} executions, {findings.Count} findings");
        Assert.True(findings.IsEmpty, string.Join("\n\n", findings.Values.Select(finding => finding.ToString())));
    }

    private InvalidOperationException Finding(int number, Exception e) => new($"Input {number}: {Convert.ToBase64String(Input(number))}\n{e.Message}", e);

    private void Change(List<byte> input, Random random)
    {
        var at = random.Next(input.Count + 1);
        switch (random.Next(9))
        {
            case 0 when at < input.Count:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < input.Count:
                input[at] = (byte)random.Next(256);
                break;
            case 2:
                input.RemoveRange(at, Math.Min(input.Count - at, random.Next(1, 20)));
                break;
            case 3:
                input.RemoveRange(at, input.Count - at);
                break;
            case 4: // doubled, up to many times
                var piece = input.GetRange(at, Math.Min(input.Count - at, random.Next(1, 40)));
                for (var times = 1 << random.Next(6); times > 0 && input.Count < 100_000; times--)
                    input.InsertRange(at, piece);
                break;
            case 5: // the end of another
                var other = corpus[random.Next(corpus.Count)];
                input.RemoveRange(at, input.Count - at);
                input.AddRange(other.AsSpan(random.Next(other.Length + 1)));
                break;
            case 6 when at < input.Count: // a number becomes another
                input[at] = random.Next(4) switch { 0 => (byte)'9', 1 => (byte)'-', 2 => 0, _ => 0xFF };
                break;
            default:
                if (words.Count > 0)
                    input.InsertRange(at, words[random.Next(words.Count)]);
                break;
        }
    }
}

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The content of a response that says how it ended (application/vnd.chunked-trailers). Java's HttpClient shows no trailers, so
 * the seal comes inside the content. Recipient in content, level: full. Standard library only, Java 17.
 *
 * <pre>
 * try (var content = SealedContent.open(HttpClient.newHttpClient(), URI.create("http://example.com/totals.csv"))) {
 *   content.transferTo(file); // throws a BodyException unless the body may be used
 * }
 * </pre>
 */
public final class SealedContent extends InputStream {
  static final String TYPE = "application/vnd.chunked-trailers";

  /** The body is not to be used; what was read before is provisional. */
  @SuppressWarnings("serial")
  public static final class BodyException extends IOException {
    /** failed, truncated, malformed, mismatch or unverified. */
    public final String verdict;
    /** The kind of a failure, as the sender said it; null if it did not. */
    public final String type;

    BodyException(String verdict, String type) {
      super(type == null ? verdict : verdict + " " + type);
      this.verdict = verdict;
      this.type = type;
    }
  }

  // RFC 9651: an Item that is the status, and its parameters.
  private static final String KEY = "[a-z*][a-z0-9_.*-]*";
  private static final String TOKEN = "[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*";
  private static final String BARE = "(?:" + TOKEN + "|\"(?:[ !#-\\[\\]-~]|\\\\[\"\\\\])*+\"|:[A-Za-z0-9+/]*={0,2}:"
      + "|-?(?:\\d{1,12}\\.\\d{1,3}|\\d{1,15})(?![\\d.])|\\?[01]|@-?\\d{1,15}(?![\\d.])|%\"(?:[ !#$&-~]|%[0-9a-f]{2})*+\")";
  // Possessive, "*+": without that a repetition is a recursion in Java, which whoever sends can make as deep as he likes.
  private static final String PARAMETERS = "(?:; *" + KEY + "(?:=" + BARE + ")?)*+";
  private static final Pattern STATUS = Pattern.compile(" *(ok|error)(" + PARAMETERS + ") *");
  private static final Pattern PARAMETER = Pattern.compile("; *(" + KEY + ")(?:=(" + BARE + "))?");
  private static final Pattern DIGEST =
      Pattern.compile("(" + KEY + ")=:([A-Za-z0-9+/]*)={0,2}:" + PARAMETERS + "[ \\t]*(,[ \\t]*(?!$)|$)");

  // RFC 9112 §7.1: a chunk line, its extensions, and a field line of the trailer section. A character is an octet.
  private static final String NAME = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  private static final String QUOTED = "\"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*+\"";
  private static final String EXTENSION = "[ \\t]*;[ \\t]*(NAME)(?:[ \\t]*=[ \\t]*(NAME|QUOTED))?"
      .replace("NAME", NAME).replace("QUOTED", QUOTED);
  private static final Pattern EXTENSIONS = Pattern.compile(EXTENSION);
  private static final Pattern CHUNK_LINE = Pattern.compile("([0-9A-Fa-f]+)((?:" + EXTENSION + ")*+)");
  private static final Pattern FIELD_LINE = Pattern.compile("(" + NAME + "):[ \\t]*([\\t -~\\x80-\\xff]*?)[ \\t]*");
  private static final int MAX_LINE = 16384;
  private static final int MAX_FIELDS = 256;

  private final InputStream in;
  private final MessageDigest sha256;
  private long left;
  private long count;
  private boolean isDone;
  private BodyException failure;

  /** @param in the content of a response of this media type, with any content coding undone */
  public SealedContent(InputStream in) {
    this.in = new BufferedInputStream(in); // lines are read octet by octet
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java has it
    }
  }

  /** Asks for the content in this form; a response in another is an IOException. */
  public static SealedContent open(HttpClient client, URI uri) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(uri).header("Accept", TYPE).build();
    HttpResponse<InputStream> response;
    try {
      response = client.send(request, BodyHandlers.ofInputStream());
    } catch (ConnectException | HttpTimeoutException e) {
      throw e;
    } catch (IOException e) {
      throw new BodyException("truncated", null); // a connection that ends just behind the head may be told of here
    }
    String type = response.headers().firstValue("Content-Type").orElse("");
    if (response.statusCode() != 200 || !type.split("[ \t;]", 2)[0].equalsIgnoreCase(TYPE)) {
      response.body().close();
      throw new IOException("Status " + response.statusCode() + " and the type " + type);
    }
    return new SealedContent(response.body());
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) == 1 ? one[0] & 0xff : -1;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws BodyException {
    if (failure != null) throw failure;
    if (isDone) return -1;
    if (length == 0) return 0;
    try {
      return next(buffer, offset, length);
    } catch (BodyException e) {
      failure = e; // what comes after it is no content
      throw e;
    }
  }

  private int next(byte[] buffer, int offset, int length) throws BodyException {
    String reason = null;
    if (left == 0) {
      Matcher line = CHUNK_LINE.matcher(line());
      if (!line.matches() || line.group(1).replaceFirst("^0+", "").length() > 13) throw new BodyException("malformed", null);
      left = Long.parseLong(line.group(1), 16);
      reason = line.group(2);
      if (left == 0) {
        conclude();
        isDone = true;
        return -1;
      }
    }
    int n = some(buffer, offset, (int) Math.min(length, left));
    if (n <= 0) throw cut(reason);
    count += n;
    left -= n;
    sha256.update(buffer, offset, n);
    if (left == 0) {
      expect('\r');
      expect('\n');
    }
    return n;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** As InputStream.read; the end, however it came, is -1. */
  private int some(byte[] buffer, int offset, int length) {
    try {
      return in.read(buffer, offset, length);
    } catch (IOException e) {
      return -1;
    }
  }

  private int octet() throws BodyException {
    byte[] one = new byte[1];
    if (some(one, 0, 1) != 1) throw new BodyException("truncated", null);
    return one[0] & 0xff;
  }

  private void expect(int octet) throws BodyException {
    if (octet() != octet) throw new BodyException("malformed", null);
  }

  /** A line without its CRLF. */
  private String line() throws BodyException {
    var line = new StringBuilder();
    for (int octet; (octet = octet()) != '\r'; line.append((char) octet)) {
      if (octet == '\n' || line.length() > MAX_LINE) throw new BodyException("malformed", null);
    }
    expect('\n');
    return line.toString();
  }

  /** Input ended where data should come: the extensions of a chunk that got none may say why. */
  private static BodyException cut(String extensions) {
    String value = null;
    Matcher extension = EXTENSIONS.matcher(extensions == null ? "" : extensions);
    while (extension.find()) {
      if (!extension.group(1).equalsIgnoreCase("x-stream-status")) continue;
      if (value != null || extension.group(2) == null) return new BodyException("truncated", null);
      value = extension.group(2);
    }
    if (value != null && value.startsWith("\"")) value = value.substring(1, value.length() - 1).replaceAll("\\\\(.)", "$1");
    Map<String, String> status = value == null ? null : parseStatus(value);
    boolean isReason = status != null && status.get("state").equals("error");
    return isReason ? new BodyException("failed", status.get("type")) : new BodyException("truncated", null);
  }

  private void conclude() throws BodyException {
    var fields = new HashMap<String, String>();
    int lines = 0;
    for (String line; !(line = line()).isEmpty(); ) {
      Matcher field = FIELD_LINE.matcher(line);
      if (!field.matches() || ++lines > MAX_FIELDS) throw new BodyException("malformed", null);
      fields.merge(field.group(1).toLowerCase(), field.group(2), (one, other) -> one + ", " + other);
    }
    String value = fields.get("x-stream-status");
    Map<String, String> status = value == null ? null : parseStatus(value);
    if (status != null && status.get("state").equals("error")) throw new BodyException("failed", status.get("type"));
    String said = status == null ? null : status.get("bytes");
    if (said != null && Long.parseLong(said) != count) throw new BodyException("mismatch", null);
    byte[] digest = sha256Of(fields.getOrDefault("content-digest", ""));
    if (digest != null && !Arrays.equals(digest, sha256.digest())) throw new BodyException("mismatch", null);
    if (status == null) throw new BodyException("unverified", null);
  }

  /** The status: `state`, and the parameters that are known and of their type. Null if the value cannot be read. */
  private static Map<String, String> parseStatus(String value) {
    Matcher item = STATUS.matcher(value);
    if (!item.matches()) return null;
    var parameters = new HashMap<String, String>();
    Matcher parameter = PARAMETER.matcher(item.group(2));
    while (parameter.find()) parameters.put(parameter.group(1), parameter.group(2) == null ? "?1" : parameter.group(2));
    var status = new HashMap<String, String>();
    status.put("state", item.group(1));
    String bytes = parameters.get("bytes");
    if (bytes != null && bytes.matches("\\d+|-0+")) status.put("bytes", bytes);
    else if (bytes != null && item.group(1).equals("ok")) return null;
    String type = parameters.get("type");
    if (type != null && type.matches(TOKEN)) status.put("type", type);
    return status;
  }

  /** The SHA-256 in a Content-Digest; null if there is none, or the field cannot be read. */
  private static byte[] sha256Of(String value) {
    byte[] digest = null;
    Matcher member = DIGEST.matcher(value);
    int at = 0;
    for (; at < value.length() && member.find() && member.start() == at; at = member.end()) {
      try {
        byte[] octets = Base64.getDecoder().decode(member.group(2));
        if (member.group(1).equals("sha-256")) digest = octets;
      } catch (IllegalArgumentException e) {
        return null;
      }
    }
    return at == value.length() ? digest : null;
  }

  /** SealedContent URL: writes the content to standard output, the verdict to standard error, and exits with 0 or 1. */
  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      System.err.println("usage: SealedContent URL");
      System.exit(2);
    }
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    try (var content = open(client, URI.create(args[0]))) {
      content.transferTo(System.out);
      System.err.println("complete");
    } catch (IOException e) {
      System.err.println(e instanceof BodyException ? e.getMessage() : e.toString());
      System.out.flush();
      System.exit(1);
    }
  }
}
